import type { Socket } from "bun";
import type { ListenAddress } from "../core/config.ts";
import type { UpstreamTls } from "../wire/upstream/address.ts";

/** One GET request on its own connection. */
export interface ProbeRequest {
  readonly address: ListenAddress;
  readonly tls: UpstreamTls | null; //             null: plain
  readonly host: string; //                        the Host header
  readonly target: string;
  readonly userAgent: string;
  readonly timeoutMilliseconds: number;
}

/** The result of a probe. `code`: of the system or of TLS, or "timeout". */
export type Probed =
  | { readonly kind: "answered"; readonly status: number; readonly milliseconds: number }
  | { readonly kind: "no_http"; readonly milliseconds: number } // connected, and the answer is not HTTP
  | { readonly kind: "failed"; readonly code: string };

/**
 * Connects with the TLS settings of a proxied request, and reads the first line of the answer. It does not use fetch, because fetch obeys
 * the proxy variables of the environment. Never rejects.
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

/** The address of a listener for a client on the same machine: the unspecified addresses are not destinations. */
export function reachedAt(address: ListenAddress): ListenAddress {
  if (address.kind === "unix") return address;
  const hostname = { "0.0.0.0": "127.0.0.1", "::": "::1" }[address.hostname] ?? address.hostname;
  return { ...address, hostname };
}

/** `127.0.0.1:9000`, `[::1]:9000` or `unix:/path`. */
export function listenerText(address: ListenAddress): string {
  if (address.kind === "unix") return `unix:${address.path}`;
  return `${address.hostname.includes(":") ? `[${address.hostname}]` : address.hostname}:${address.port}`;
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
      // Bun 1.4 reports a certificate for another name as bad even when it does not verify, and keeps the connection
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

/** Codes of OpenSSL begin with ERR_SSL, codes of the system with E. Codes about a certificate do neither. */
function isAboutCertificate(error: Error | null): boolean {
  return error !== null && /^(?!ERR_SSL|E[A-Z]+$)/.test(codeOf(error));
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "no connection";
}
