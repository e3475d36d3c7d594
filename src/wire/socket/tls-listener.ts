import { createSecureContext, createServer, type Server } from "node:tls";
import type { Socket, SocketListener } from "bun";
import type { ListenAddress } from "../../core/config.ts";
import { Failure } from "../../core/failure.ts";
import type { Certificate } from "../../core/provider.ts";
import { type BunSocket, bunSocket, ownersHandlers } from "./bun-socket.ts";
import type { ByteListener, ByteSocket, SocketOwner } from "./byte-socket.ts";

/** What a TLS listener serves: `fallback` to who names no host or an unknown one. */
export interface TlsFacts {
  readonly fallback: Certificate;
  readonly named: readonly { readonly serverName: string; readonly certificate: Certificate }[];
  readonly minVersion: "1.2" | "1.3";
}

/** A TLS listener; its certificates can be changed while it serves. */
export interface TlsListener extends ByteListener {
  /** New handshakes get these; connections that stand keep theirs. */
  replace(facts: TlsFacts): void;
}

/** Who may come in, asked before a connection's handshake. */
export interface Door {
  /** Takes one connection in; false: it is to be cut. */
  enters(): boolean;
  /** One that was taken in has gone. */
  left(): void;
}

/** TLS 1.2 with forward secrecy and AEAD only (RFC 9325 4.2); TLS 1.3 has nothing else. */
const ciphers =
  "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:ECDHE+AESGCM:ECDHE+CHACHA20";

/** A handshake that takes longer is cut (DOS-02). */
const longestHandshake = 10_000;

/** What is kept of a connection, from its TCP open on. */
interface TlsSocket extends BunSocket {
  readonly hasEntered: boolean; //                 through the door
  readonly cutAt: number; //                       epoch milliseconds: by then its handshake is over
}

/**
 * Listens for TLS. Resolves once it is bound; rejects when the address can't be or a certificate can't be loaded. node:tls keeps the
 * certificates (`Bun.listen` alone can't change the one for clients that name no host), the bytes go past its streams.
 */
export async function listenTls(
  address: ListenAddress,
  facts: TlsFacts,
  door: Door,
  accept: (socket: ByteSocket) => SocketOwner,
  handshakeMilliseconds = longestHandshake,
): Promise<TlsListener> {
  const server = createServer({
    ...contextOf(facts.fallback, facts),
    ALPNProtocols: ["http/1.1"],
    allowHalfOpen: true,
  });
  addNames(server, facts);
  // only a socket that did not get our handlers is told here, and it has passed no door
  server.on("connection", (socket) => socket.destroy());
  await bind(server, address);
  bunListener(server).reload({ socket: handlersFor(address, door, accept, handshakeMilliseconds) });
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

/** What Bun's node:tls listens by. No type tells of it, so that a Bun without it has to be told from this one. */
function bunListener(server: Server): Pick<SocketListener<TlsSocket>, "reload"> {
  // the field is Node's own name for it, the value what Bun.listen has given
  const { _handle: listener } = server as Server & { readonly _handle?: SocketListener<TlsSocket> | null };
  if (typeof listener?.reload === "function") return listener;
  throw new Failure("internal", "wire: this version of Bun gives no way past the streams of node:tls");
}

function handlersFor(
  address: ListenAddress,
  door: Door,
  accept: (socket: ByteSocket) => SocketOwner,
  handshakeMilliseconds: number,
) {
  const fixedAddress = address.kind === "unix" ? "" : null;
  const handshakes = new Set<Socket<TlsSocket>>(); // under way, the oldest first
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
    ...ownersHandlers,
    open(socket: Socket<TlsSocket>) {
      // a handshake is what costs most here, so there is none only to say that there is no room
      const hasEntered = door.enters();
      const held = bunSocket(socket, fixedAddress ?? socket.remoteAddress);
      socket.data = { ...held, hasEntered, cutAt: Date.now() + handshakeMilliseconds };
      if (!hasEntered) return socket.terminate();
      if (fixedAddress === null) socket.setNoDelay(true);
      handshakes.add(socket);
      cutLater(handshakeMilliseconds);
    },
    handshake(socket: Socket<TlsSocket>, isDone: boolean) {
      // one that failed is closed by Bun, after its alert
      if (!isDone) return;
      handshakes.delete(socket);
      // "" or undefined when the client named none, whatever the type says
      const name = socket.getServername() || null;
      socket.data.serverName = name === null ? null : name.toLowerCase();
      socket.data.owner = accept(socket.data);
    },
    close(socket: Socket<TlsSocket>) {
      handshakes.delete(socket);
      ownersHandlers.close(socket);
      if (socket.data.hasEntered) door.left();
    },
  };
}
