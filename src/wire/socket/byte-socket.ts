/** One client connection as bytes, plain or TLS. What is written and not yet taken by the kernel is kept here, in order. */
export interface ByteSocket {
  readonly peerAddress: string; //                 "" for a unix socket
  readonly serverName: string | null; //           SNI, lower case
  /** False: bytes wait; `drained` will be called once none does, or `closed` after this has returned. */
  write(bytes: Uint8Array): boolean;
  /** Sends what waits, then FIN. */
  end(): void;
  /** Cuts the connection at once, so that the other side can tell (RST, or TLS without close_notify). */
  terminate(): void;
  pause(): void;
  resume(): void;
}

/** What a connection tells whoever serves it. */
export interface SocketOwner {
  data(bytes: Buffer): void;
  drained(): void;
  ended(): void; //                                the other side will send no more; it may still read
  closed(): void; //                               once, last
  failed(error: Error): void; //                   one of these has thrown; the connection is cut
}

/** A place connections come from. */
export interface ByteListener {
  readonly port: number | null; //                 null: a unix socket
  /** Takes no new connection. */
  stop(): void;
}
