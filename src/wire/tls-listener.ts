import { createSecureContext, createServer, type TLSSocket } from "node:tls";
import type { ListenAddress } from "../core/config.ts";
import type { Certificate } from "../core/provider.ts";
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

/** Listens for TLS. Resolves once it is bound; rejects when the address can't be. */
export function listenTls(
  address: ListenAddress,
  facts: TlsFacts,
  door: Door,
  accept: (socket: ByteSocket) => SocketOwner,
  handshakeMilliseconds = longestHandshake,
): Promise<TlsListener> {
  const server = createServer({
    cert: facts.fallback.certificatePem,
    key: facts.fallback.keyPem,
    minVersion: `TLSv${facts.minVersion}`,
    ciphers,
    ALPNProtocols: ["http/1.1"],
    handshakeTimeout: handshakeMilliseconds,
    allowHalfOpen: true,
    noDelay: true,
  });
  addNames(facts);
  // a handshake is what costs most here, so there is none only to say that there is no room
  server.on("connection", (socket) => {
    if (door.enters()) socket.on("close", door.left);
    else socket.destroy();
  });
  server.on("secureConnection", (socket) => serve(socket, address.kind === "unix" ? "" : null, accept));
  server.on("tlsClientError", (_error, socket) => socket.destroy());

  function addNames({ named, minVersion }: TlsFacts): void {
    for (const { serverName, certificate } of named) {
      const context = {
        cert: certificate.certificatePem,
        key: certificate.keyPem,
        minVersion: `TLSv${minVersion}`,
        ciphers,
      } as const;
      server.addContext(serverName, createSecureContext(context));
    }
  }

  return new Promise((resolve, reject) => {
    server.once("error", reject);
    const bound = () => {
      server.removeListener("error", reject);
      const at = server.address();
      resolve({
        port: typeof at === "object" && at !== null ? at.port : null,
        stop: () => void server.close(),
        replace(next) {
          server.setSecureContext({
            cert: next.fallback.certificatePem,
            key: next.fallback.keyPem,
            minVersion: `TLSv${next.minVersion}`,
            ciphers,
          });
          addNames(next);
        },
      });
    };
    if (address.kind === "unix") server.listen(address.path, bound);
    else server.listen(address.port, address.hostname, bound);
  });
}

function serve(socket: TLSSocket, fixedAddress: string | null, accept: (socket: ByteSocket) => SocketOwner): void {
  const name = socket.servername;
  const owner = accept({
    peerAddress: fixedAddress ?? socket.remoteAddress ?? "unknown",
    serverName: typeof name === "string" && name !== "" ? name.toLowerCase() : null,
    write: (bytes) => socket.write(bytes),
    end: () => void socket.end(),
    terminate: () => void socket.destroy(),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
  });
  socket.on("data", (bytes: Buffer) => owner.data(bytes));
  socket.on("drain", () => owner.drained());
  socket.on("end", () => owner.ended());
  socket.on("close", () => owner.closed());
  socket.on("error", () => socket.destroy());
}
