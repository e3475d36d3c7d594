import type { Socket } from "bun";

/** The user of a connection at the moment. None of these is called after `lost`, nor after the connection was given up. */
export interface Occupant {
  /** The connection is open, including its TLS. Not called for one that was open already. */
  opened(): void;
  /** The receiver may keep `bytes`. */
  bytes(bytes: Buffer): void;
  /** No bytes wait any more; only after a `send` that returned false. */
  drained(): void;
  /** The upstream will send no more (FIN). */
  ended(): void;
  /** The connection is gone, or never opened. `code` is the stable part of the reason, for a message. */
  lost(code: string): void;
  /** Epoch seconds after which `expired` is called; Infinity: never. */
  readonly expiresAt: number;
  expired(): void;
}

const joinableBytes = 64 * 1024; //                 up to this, bytes are copied to go out in one piece with the text around them

/** One connection to an upstream. `connecting` until its TLS is done, then `open`; `gone` once it was given up or lost. */
export class UpstreamConnection {
  readonly key: string; //                         of `connectionKey`
  isReused = false; //                             it has served another request before
  idleUntil = 0; //                                epoch seconds, while it is idle
  keepSeconds: number; //                          how long it may be idle
  mayBeLoggedIn = false; //                        NTLM or Negotiate was seen on it: it never serves another client connection
  owner: string | null = null; //                  the user on the client connection for which it is kept; null: not kept
  readonly #gone: (connection: UpstreamConnection) => void;
  #state: "connecting" | "open" | "gone" = "connecting";
  #socket: Socket<UpstreamConnection> | null = null; // null: connecting
  #handshaking: Socket<UpstreamConnection> | null = null; // the socket before its TLS is done
  #occupant: Occupant | null; //                   null: idle
  #waiting: Uint8Array[] = []; //                  bytes that the kernel has not taken yet, in order
  #refusesBytes = false; //                        the socket is broken for writing; bytes were dropped
  #endsWhenSent = false;
  #isPaused = false;

  /** `gone` is called once, when the connection is given up or lost. */
  constructor(
    key: string,
    keepSeconds: number,
    gone: (connection: UpstreamConnection) => void,
    occupant: Occupant | null,
  ) {
    this.key = key;
    this.keepSeconds = keepSeconds;
    this.#gone = gone;
    this.#occupant = occupant;
  }

  get state(): "connecting" | "open" | "gone" {
    return this.#state;
  }

  get occupant(): Occupant | null {
    return this.#occupant;
  }

  set occupant(occupant: Occupant | null) {
    this.#occupant = occupant;
  }

  /** Are there bytes that the kernel has not taken, or has refused for good? */
  get hasWaiting(): boolean {
    return this.#waiting.length > 0 || this.#refusesBytes;
  }

  /** Keeps the idle connection a second less than the upstream does, since a request that meets the closing could be lost. */
  limitKeeping(upstreamSeconds: number | null): void {
    if (upstreamSeconds === null) return;
    this.keepSeconds = Math.min(this.keepSeconds, Math.max(0, upstreamSeconds - 1));
  }

  /** Can an idle connection take another request? */
  isUsable(): boolean {
    return this.#socket?.readyState === 1;
  }

  /** Cuts the connection at once (RST). The occupant is not told. */
  cut(): void {
    if (this.#forget()) (this.#socket ?? this.#handshaking)?.terminate();
  }

  /** Closes the connection in order (FIN). The occupant is not told. */
  close(): void {
    if (this.#forget()) (this.#socket ?? this.#handshaking)?.end();
  }

  /** False: the connection was given up before. */
  #forget(): boolean {
    if (this.#state === "gone") return false;
    this.#state = "gone";
    this.#occupant = null;
    this.#waiting = [];
    this.#gone(this);
    return true;
  }

  /** Sends bytes, or keeps those that the kernel does not take. False: bytes wait, and `drained` follows. */
  send(bytes: Uint8Array): boolean {
    const socket = this.#socket;
    if (socket === null || this.#waiting.length > 0) {
      this.#waiting.push(bytes);
      return false;
    }
    const taken = socket.write(bytes);
    if (taken >= bytes.length) return true;
    // -1: the socket takes no more. The upstream's bytes may still be read, and `ended` or `lost` reports its end
    if (taken < 0) this.#refusesBytes = true;
    else this.#waiting.push(bytes.subarray(taken));
    return false;
  }

  /** The same for text of one UTF-16 unit a byte. */
  sendText(text: string): boolean {
    const socket = this.#socket;
    if (socket === null || this.#waiting.length > 0) {
      this.#waiting.push(Buffer.from(text, "latin1"));
      return false;
    }
    // Bun takes an encoding as Node does, but its types do not say so. It saves one copy a request
    const taken = socket.write(text, "latin1" as unknown as number);
    if (taken >= text.length) return true;
    if (taken < 0) this.#refusesBytes = true;
    else this.#waiting.push(Buffer.from(text.slice(taken), "latin1"));
    return false;
  }

  /** Sends bytes with text around them, in one piece unless they are many. */
  sendBetween(before: string, bytes: Uint8Array, after: string): boolean {
    if (before === "" && after === "") return this.send(bytes);
    if (bytes.length <= joinableBytes) {
      return this.send(Buffer.concat([Buffer.from(before, "latin1"), bytes, Buffer.from(after, "latin1")]));
    }
    this.sendText(before);
    const isTaken = this.send(bytes);
    return after === "" ? isTaken : this.sendText(after);
  }

  /** Sends what waits, then FIN; reading goes on. */
  endSending(): void {
    this.#endsWhenSent = true;
    if (this.#waiting.length === 0) this.#socket?.shutdown();
  }

  pauseReading(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#socket?.pause();
  }

  resumeReading(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#socket?.resume();
  }

  /** The socket is connected, and its TLS handshake begins. An upstream that never answers it must not keep the socket. */
  handshakes(socket: Socket<UpstreamConnection>): void {
    if (this.#state === "connecting") this.#handshaking = socket;
    else socket.terminate(); //                    given up in the meantime
  }

  /** The socket is connected, including its TLS. */
  opened(socket: Socket<UpstreamConnection>): void {
    if (this.#state !== "connecting") {
      socket.terminate(); //                       given up in the meantime
      return;
    }
    this.#socket = socket;
    this.#handshaking = null;
    this.#state = "open";
    this.#occupant?.opened();
    if (this.#waiting.length > 0) this.flush();
  }

  /** The upstream has sent bytes. An idle connection expects none: it is not clear whose answer they would be. */
  received(bytes: Buffer): void {
    if (this.#occupant === null) this.close();
    else this.#occupant.bytes(bytes);
  }

  /** The upstream has sent FIN. */
  ended(): void {
    if (this.#occupant === null) this.close();
    else this.#occupant.ended();
  }

  /** The connection is lost, or could not be opened. */
  lose(code: string): void {
    if (this.#state === "gone") return;
    const occupant = this.#occupant;
    this.cut();
    occupant?.lost(code);
  }

  /** Goes on sending what waits. */
  flush(): void {
    const socket = this.#socket;
    const waiting = this.#waiting;
    if (socket === null || this.#state !== "open") return;
    let sent = 0;
    for (const bytes of waiting) {
      const taken = socket.write(bytes);
      if (taken < bytes.length) {
        waiting[sent] = bytes.subarray(Math.max(0, taken));
        break;
      }
      sent += 1;
    }
    waiting.splice(0, sent);
    if (waiting.length > 0) return;
    if (this.#endsWhenSent) socket.shutdown();
    else this.#occupant?.drained();
  }
}
