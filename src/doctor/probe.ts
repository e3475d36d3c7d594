import type { Socket } from "bun";
import type { ListenAddress } from "../core/config.ts";
import type { UpstreamTls } from "../wire/upstream/upstream-address.ts";

/** One GET, over a connection of its own. */
export interface ProbeRequest {
  readonly address: ListenAddress;
  readonly tls: UpstreamTls | null; //             null: plain
  readonly host: string; //                        the Host field
  readonly target: string;
  readonly userAgent: string;
  readonly timeoutMilliseconds: number;
}

/** What came of a probe. `code`: the system's or TLS's own, or "timeout". */
export type Probed =
  | { readonly kind: "answered"; readonly status: number; readonly milliseconds: number }
  | { readonly kind: "no_http"; readonly milliseconds: number } // connected, and what came is no HTTP answer
  | { readonly kind: "failed"; readonly code: string };

/**
 * Connects as the proxied wire does, by the same TLS settings, and reads the first line of the answer. Not by fetch: that would go by way
 * of a proxy where the environment names one. Never rejects.
 */
export async function probe(request: ProbeRequest): Promise<Probed> {
  const begunAt = performance.now();
  const { promise, resolve } = Promise.withResolvers<Probed>();
  const timer = setTimeout(() => resolve({ kind: "failed", code: "timeout" }), request.timeoutMilliseconds);
  const state: ProbeState = { request, settle: resolve, begunAt, received: "", socket: null };
  connect(state).catch((error: unknown) => resolve({ kind: "failed", code: codeOf(error) }));
  const outcome = await promise;
  clearTimeout(timer);
  state.settle = () => {};
  state.socket?.terminate();
  return outcome;
}

/** Where a listener is reached from its own machine: the unspecified addresses are no destination. */
export function reachedAt(address: ListenAddress): ListenAddress {
  if (address.kind === "unix") return address;
  const hostname = { "0.0.0.0": "127.0.0.1", "::": "::1" }[address.hostname] ?? address.hostname;
  return { ...address, hostname };
}

interface ProbeState {
  readonly request: ProbeRequest;
  readonly begunAt: number;
  settle: (outcome: Probed) => void;
  received: string;
  socket: Socket<ProbeState> | null;
}

async function connect(state: ProbeState): Promise<void> {
  const { address, tls } = state.request;
  const common = { data: state, socket: events(tls !== null), ...(tls === null ? {} : { tls }) };
  if (address.kind === "unix") await Bun.connect<ProbeState>({ ...common, unix: address.path });
  else await Bun.connect<ProbeState>({ ...common, hostname: address.hostname, port: address.port });
}

function events(isSecure: boolean) {
  return {
    open(socket: Socket<ProbeState>): void {
      socket.data.socket = socket;
      if (!isSecure) ask(socket);
    },
    handshake(socket: Socket<ProbeState>, isGood: boolean, error: Error | null): void {
      const verifies = socket.data.request.tls?.rejectUnauthorized !== false;
      // Bun 1.4 calls a certificate of another name no good although it need not be, and goes on with the connection
      if (isGood || (!verifies && isAboutCertificate(error))) ask(socket);
      else socket.data.settle({ kind: "failed", code: error === null ? "TLS handshake failed" : codeOf(error) });
    },
    data(socket: Socket<ProbeState>, bytes: Buffer): void {
      socket.data.received += bytes.toString("latin1");
      read(socket.data, socket.data.received.length > longestLine ? "enough" : "more may come");
    },
    close(socket: Socket<ProbeState>, error?: Error): void {
      if (error !== undefined) socket.data.settle({ kind: "failed", code: codeOf(error) });
      else read(socket.data, "enough");
    },
    error: (socket: Socket<ProbeState>, error: Error): void =>
      socket.data.settle({ kind: "failed", code: codeOf(error) }),
  };
}

const longestLine = 512;

function ask(socket: Socket<ProbeState>): void {
  const { target, host, userAgent } = socket.data.request;
  const lines = [`GET ${target} HTTP/1.1`, `Host: ${host}`, `User-Agent: ${userAgent}`, "Connection: close"];
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
}

function read({ received, settle, begunAt }: ProbeState, more: "enough" | "more may come"): void {
  const milliseconds = Math.round(performance.now() - begunAt);
  const status = /^HTTP\/1\.[01] (\d{3})[ \r\n]/.exec(received)?.[1];
  if (status !== undefined) settle({ kind: "answered", status: Number(status), milliseconds });
  else if (more === "enough") settle({ kind: "no_http", milliseconds });
}

/** OpenSSL's own faults begin with ERR_SSL, the system's with E; those of a certificate that is not believed do not. */
function isAboutCertificate(error: Error | null): boolean {
  return error !== null && /^(?!ERR_SSL|E[A-Z]+$)/.test(codeOf(error));
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "no connection";
}
