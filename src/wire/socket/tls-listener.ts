import { createSecureContext, createServer, type Server } from "node:tls";
import type { Socket, SocketListener } from "bun";
import type { ListenAddress } from "../../core/config.ts";
import { Failure } from "../../core/failure.ts";
import type { Certificate } from "../../core/provider.ts";
import { BunSocket, socketEvents } from "./bun-socket.ts";
import type { ByteListener, ByteSocket, SocketOwner } from "./byte-socket.ts";

/** The certificates of a TLS listener: `fallback` for a client that names no host or an unknown one. */
export interface TlsFacts {
  readonly fallback: Certificate;
  readonly named: readonly { readonly serverName: string; readonly certificate: Certificate }[];
  readonly minVersion: "1.2" | "1.3";
}

/** A TLS listener. Its certificates can be changed while it serves. */
export interface TlsListener extends ByteListener {
  /** New handshakes get these certificates; open connections keep theirs. */
  replace(facts: TlsFacts): void;
}

/** Decides before the handshake whether a connection is let in. */
export interface Admission {
  /** Counts one connection in; false: the listener must cut it. */
  admit(): boolean;
  /** A connection that was let in has gone. */
  left(): void;
}

/** TLS 1.2 with forward secrecy and AEAD only (RFC 9325 4.2). TLS 1.3 has no other ciphers. */
const ciphers =
  "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:ECDHE+AESGCM:ECDHE+CHACHA20";

const longestHandshake = 10_000; //                 milliseconds; a longer handshake is cut (DOS-02)

/** A connection, from its TCP open on. */
class TlsSocket extends BunSocket {
  readonly isAdmitted: boolean; //                 it was let in
  readonly cutAt: number; //                       epoch milliseconds by which its handshake must be done

  constructor(socket: Socket<TlsSocket>, peerAddress: string, isAdmitted: boolean, cutAt: number) {
    super(socket, peerAddress);
    this.isAdmitted = isAdmitted;
    this.cutAt = cutAt;
  }
}

/**
 * Listens for TLS. Resolves once it is bound; rejects if the address cannot be bound or a certificate cannot be loaded. node:tls keeps the
 * certificates, since `Bun.listen` cannot change the one for clients that name no host. The bytes do not go through its streams.
 */
export async function listenTls(
  address: ListenAddress,
  facts: TlsFacts,
  admission: Admission,
  accept: (socket: ByteSocket) => SocketOwner,
  handshakeMilliseconds = longestHandshake,
): Promise<TlsListener> {
  const server = createServer({
    ...contextOf(facts.fallback, facts),
    ALPNProtocols: ["http/1.1"],
    allowHalfOpen: true,
  });
  addNames(server, facts);
  // This event is only for a socket that did not get our handlers, and it was not let in
  server.on("connection", (socket) => socket.destroy());
  await bind(server, address);
  bunListener(server).reload({ socket: handlersFor(address, admission, accept, handshakeMilliseconds) });
  const at = server.address();
  return {
    port: typeof at === "object" && at !== null ? at.port : null,
    stop: () => void server.close(),
    replace(next) {
      server.setSecureContext(contextOf(next.fallback, next));
      addNames(server, next);
    },
  };
}

function contextOf({ certificatePem, keyPem }: Certificate, { minVersion }: TlsFacts) {
  return { cert: certificatePem, key: keyPem, minVersion: `TLSv${minVersion}`, ciphers } as const;
}

function addNames(server: Server, facts: TlsFacts): void {
  for (const { serverName, certificate } of facts.named) {
    server.addContext(serverName, createSecureContext(contextOf(certificate, facts)));
  }
}

function bind(server: Server, address: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    const bound = () => {
      server.removeListener("error", reject);
      resolve();
    };
    server.once("error", reject);
    if (address.kind === "unix") server.listen(address.path, bound);
    else server.listen(address.port, address.hostname, bound);
  });
}

/** The listener inside Bun's node:tls. It has no type, so a version of Bun without it must be detected. */
function bunListener(server: Server): Pick<SocketListener<TlsSocket>, "reload"> {
  // as: the field has Node's name, and its value is what Bun.listen returned
  const { _handle: listener } = server as Server & { readonly _handle?: SocketListener<TlsSocket> | null };
  if (typeof listener?.reload === "function") return listener;
  throw new Failure("internal", "wire: this version of Bun does not expose the listener of node:tls");
}

function handlersFor(
  address: ListenAddress,
  admission: Admission,
  accept: (socket: ByteSocket) => SocketOwner,
  handshakeMilliseconds: number,
) {
  const fixedAddress = address.kind === "unix" ? "" : null;
  const handshakes = new Set<Socket<TlsSocket>>(); // in progress, the oldest first
  let timer: Timer | null = null;

  function cutOverdue(): void {
    timer = null;
    const now = Date.now();
    for (const socket of handshakes) {
      if (socket.data.cutAt > now) {
        cutLater(socket.data.cutAt - now);
        return;
      }
      handshakes.delete(socket);
      socket.terminate();
    }
  }

  function cutLater(milliseconds: number): void {
    timer ??= setTimeout(cutOverdue, milliseconds);
    timer.unref();
  }

  return {
    ...socketEvents,
    open(socket: Socket<TlsSocket>) {
      // The handshake is the expensive part, so a connection above the limit gets none
      const isAdmitted = admission.admit();
      const cutAt = Date.now() + handshakeMilliseconds;
      socket.data = new TlsSocket(socket, fixedAddress ?? socket.remoteAddress, isAdmitted, cutAt);
      if (!isAdmitted) return socket.terminate();
      if (fixedAddress === null) socket.setNoDelay(true);
      handshakes.add(socket);
      cutLater(handshakeMilliseconds);
    },
    handshake(socket: Socket<TlsSocket>, isDone: boolean) {
      // After a failed handshake Bun sends its alert and closes the connection
      if (!isDone) return;
      handshakes.delete(socket);
      // "" or undefined if the client named none, although the type says string
      const name = socket.getServername() || null;
      socket.data.serverName = name === null ? null : name.toLowerCase();
      socket.data.owner = accept(socket.data);
    },
    close(socket: Socket<TlsSocket>) {
      handshakes.delete(socket);
      socket.data.closed();
      if (socket.data.isAdmitted) admission.left();
    },
  };
}
