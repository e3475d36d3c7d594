/** One client connection as bytes, plain or TLS. Keeps in order the written bytes that the kernel has not taken yet. */
export interface ByteSocket {
  readonly peerAddress: string; //                 "" for a unix socket
  readonly serverName: string | null; //           SNI, lower case
  /** False: bytes wait. `drained` follows once none does, or `closed` after this call has returned. */
  write(bytes: Uint8Array): boolean;
  /** Sends what waits, then FIN. */
  end(): void;
  /** Cuts the connection at once, and the other side can tell (RST, or TLS without close_notify). */
  terminate(): void;
  pause(): void;
  resume(): void;
}

/** Receives the events of a connection. */
export interface SocketOwner {
  data(bytes: Buffer): void;
  drained(): void;
  ended(): void; //                                the other side sends no more; it may still read
  closed(): void; //                               once, last
  failed(error: Error): void; //                   a method of the owner has thrown; the connection is cut
}

/** A source of connections. */
export interface ByteListener {
  readonly port: number | null; //                 null: a unix socket
  /** Accepts no new connection. */
  stop(): void;
}
