import type { Socket } from "bun";
import type { UpstreamReach } from "../../core/upstream/upstream-reach.ts";
import { checkedAddresses, type Resolve } from "./checked-addresses.ts";
import type { UpstreamAddress, UpstreamTls } from "./upstream-address.ts";
import { close, cut, flush, type Occupant, type UpstreamConnection } from "./upstream-connection.ts";

/** What a new connection is made of. */
export interface ConnectTo {
  readonly key: string;
  readonly address: UpstreamAddress;
  readonly reach: UpstreamReach;
  readonly resolve: Resolve; //                    asked unless the reach is anywhere
  readonly tls: UpstreamTls | null;
  readonly keepSeconds: number;
  readonly gone: (connection: UpstreamConnection) => void;
}

/** Begins to connect; `occupant` is told what comes of it. */
export function connect(to: ConnectTo, occupant: Occupant): UpstreamConnection {
  const connection: UpstreamConnection = {
    key: to.key,
    state: "connecting",
    socket: null,
    occupant,
    gone: to.gone,
    isReused: false,
    idleUntil: 0,
    keepSeconds: to.keepSeconds,
    waiting: [],
    endsWhenSent: false,
    isPaused: false,
  };
  open(to, connection).catch((error: unknown) => lose(connection, codeOf(error)));
  return connection;
}

/** Async, so that an address that Bun refuses at once is told as any other failure. */
async function open(to: ConnectTo, data: UpstreamConnection): Promise<void> {
  const { address, reach } = to;
  if (address.kind === "unix" || reach === "anywhere") return openAt(address, to, data);
  const checked = await checkedAddresses(address.hostname, reach, to.resolve);
  if (checked.kind === "refused") lose(data, checked.reason);
  else await openFirst(checked.addresses, address.port, to, data);
}

/** As Bun does with a name: the next address when one takes no connection. */
async function openFirst(
  addresses: readonly string[],
  port: number,
  to: ConnectTo,
  data: UpstreamConnection,
): Promise<void> {
  const [hostname, ...others] = addresses;
  if (hostname === undefined) return lose(data, "ENOTFOUND");
  if (data.state !== "connecting") return; //      given up meanwhile
  try {
    await openAt({ kind: "tcp", hostname, port }, to, data);
  } catch (error) {
    if (others.length === 0) throw error;
    await openFirst(others, port, to, data);
  }
}

async function openAt(address: UpstreamAddress, { tls }: ConnectTo, data: UpstreamConnection): Promise<void> {
  const common = {
    data,
    allowHalfOpen: true,
    socket: tls === null ? plainEvents : tls.rejectUnauthorized ? verifyingEvents : trustingEvents,
    ...(tls === null ? {} : { tls }),
  };
  if (address.kind === "unix") await Bun.connect<UpstreamConnection>({ ...common, unix: address.path });
  else await Bun.connect<UpstreamConnection>({ ...common, hostname: address.hostname, port: address.port });
}

const commonEvents = {
  data(socket: Socket<UpstreamConnection>, bytes: Buffer): void {
    const { occupant } = socket.data;
    // An idle connection has nothing to say: it can't be told whose answer that would be
    if (occupant === null) close(socket.data);
    else occupant.bytes(bytes);
  },
  drain: (socket: Socket<UpstreamConnection>): void => flush(socket.data),
  end(socket: Socket<UpstreamConnection>): void {
    const { occupant } = socket.data;
    if (occupant === null) close(socket.data);
    else occupant.ended();
  },
  close(socket: Socket<UpstreamConnection>, error?: Error): void {
    // Where we have ended before, Bun tells of the upstream's end by this alone
    if (error === undefined) socket.data.occupant?.ended();
    lose(socket.data, error === undefined ? "connection lost" : codeOf(error));
  },
  // What a handler throws comes here too: its exchange must end and not hang
  error: (socket: Socket<UpstreamConnection>, error: Error): void => lose(socket.data, codeOf(error)),
};

const plainEvents = {
  ...commonEvents,
  open: (socket: Socket<UpstreamConnection>): void => opened(socket),
};

const verifyingEvents = {
  ...commonEvents,
  open(): void {}, //                              its handshake is to come
  handshake(socket: Socket<UpstreamConnection>, isGood: boolean, error: Error | null): void {
    if (isGood) opened(socket);
    else lose(socket.data, error === null ? "TLS handshake failed" : codeOf(error));
  },
};

const trustingEvents = {
  ...commonEvents,
  open(): void {},
  handshake(socket: Socket<UpstreamConnection>, isGood: boolean, error: Error | null): void {
    // Bun 1.4.5 calls a handshake bad for the certificate's sake although it was told not to mind, and leaves the connection usable
    if (isGood || isAboutCertificate(error)) opened(socket);
    else lose(socket.data, error === null ? "TLS handshake failed" : codeOf(error));
  },
};

/** OpenSSL's verification results (X509_V_ERR_…) stand by their bare names; what TLS or the system says begins otherwise. */
function isAboutCertificate(error: Error | null): boolean {
  return error !== null && /^(?!ERR_SSL|E[A-Z]+$)/.test(codeOf(error));
}

function opened(socket: Socket<UpstreamConnection>): void {
  const connection = socket.data;
  if (connection.state !== "connecting") {
    socket.terminate(); // given up meanwhile
    return;
  }
  connection.socket = socket;
  connection.state = "open";
  connection.occupant?.opened();
  if (connection.waiting.length > 0) flush(connection);
}

function lose(connection: UpstreamConnection, code: string): void {
  if (connection.state === "gone") return;
  const { occupant } = connection;
  cut(connection);
  occupant?.lost(code);
}

/** The stable part of what Bun reports; its message may say more than a log should. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}
