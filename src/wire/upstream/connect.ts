import type { Socket } from "bun";
import type { UpstreamReach } from "../../core/upstream/upstream-reach.ts";
import type { UpstreamAddress, UpstreamTls } from "./address.ts";
import { checkedAddresses, type Resolve } from "./checked-addresses.ts";
import { type Occupant, UpstreamConnection } from "./connection.ts";

/** Where and how to connect. */
export interface ConnectTo {
  readonly key: string;
  readonly address: UpstreamAddress;
  readonly reach: UpstreamReach;
  readonly resolve: Resolve; //                    used unless the reach is anywhere
  readonly tls: UpstreamTls | null;
  readonly keepSeconds: number;
  readonly gone: (connection: UpstreamConnection) => void;
}

/** Begins to connect. The connection reports the result to `occupant`. */
export function connect(to: ConnectTo, occupant: Occupant): UpstreamConnection {
  const connection = new UpstreamConnection(to.key, to.keepSeconds, to.gone, occupant);
  open(to, connection).catch((error: unknown) => connection.lose(codeOf(error)));
  return connection;
}

/** Async, so that an address that Bun refuses at once is reported like any other failure. */
async function open(to: ConnectTo, data: UpstreamConnection): Promise<void> {
  const { address, reach } = to;
  if (address.kind === "unix" || reach === "anywhere") return openAt(address, to, data);
  const checked = await checkedAddresses(address.hostname, reach, to.resolve);
  if (checked.kind === "refused") data.lose(checked.reason);
  else await openFirst(checked.addresses, address.port, to, data);
}

/** As Bun does with a name: tries the next address if one accepts no connection. */
async function openFirst(
  addresses: readonly string[],
  port: number,
  to: ConnectTo,
  data: UpstreamConnection,
): Promise<void> {
  const [hostname, ...others] = addresses;
  if (hostname === undefined) return data.lose("ENOTFOUND");
  if (data.state !== "connecting") return; //      given up in the meantime
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
  data: (socket: Socket<UpstreamConnection>, bytes: Buffer): void => socket.data.received(bytes),
  drain: (socket: Socket<UpstreamConnection>): void => socket.data.flush(),
  end: (socket: Socket<UpstreamConnection>): void => socket.data.ended(),
  close(socket: Socket<UpstreamConnection>, error?: Error): void {
    // After our own FIN, Bun reports the upstream's FIN by this event alone
    if (error === undefined) socket.data.occupant?.ended();
    socket.data.lose(error === undefined ? "connection lost" : codeOf(error));
  },
  // An error thrown by a handler arrives here too: its exchange must end and not hang
  error: (socket: Socket<UpstreamConnection>, error: Error): void => socket.data.lose(codeOf(error)),
};

const plainEvents = {
  ...commonEvents,
  open: (socket: Socket<UpstreamConnection>): void => socket.data.opened(socket),
};

const verifyingEvents = {
  ...commonEvents,
  open: (socket: Socket<UpstreamConnection>): void => socket.data.handshakes(socket),
  handshake(socket: Socket<UpstreamConnection>, isGood: boolean, error: Error | null): void {
    if (isGood) socket.data.opened(socket);
    else socket.data.lose(error === null ? "TLS handshake failed" : codeOf(error));
  },
};

const trustingEvents = {
  ...commonEvents,
  open: (socket: Socket<UpstreamConnection>): void => socket.data.handshakes(socket),
  handshake(socket: Socket<UpstreamConnection>, isGood: boolean, error: Error | null): void {
    // Bun 1.4.5 reports a bad handshake because of the certificate although verification is off, and leaves the connection usable
    if (isGood || isAboutCertificate(error)) socket.data.opened(socket);
    else socket.data.lose(error === null ? "TLS handshake failed" : codeOf(error));
  },
};

/** OpenSSL's verification results (X509_V_ERR_…) have bare names. Codes of TLS or of the system begin otherwise. */
function isAboutCertificate(error: Error | null): boolean {
  return error !== null && /^(?!ERR_SSL|E[A-Z]+$)/.test(codeOf(error));
}

/** The stable part of an error of Bun. Its message may contain more than a log should. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}
