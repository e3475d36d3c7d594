/** Counts the connections of all listeners that share a limit, and those above it, which are being refused (DOS-04). */
export class ConnectionRoom {
  readonly most: number;
  readonly mostRefused: number;
  #held = 0; //                                    including handshakes in progress
  #refused = 0; //                                 answered with 503 and not gone yet

  constructor(most: number, mostRefused: number) {
    this.most = most;
    this.mostRefused = mostRefused;
  }

  get held(): number {
    return this.#held;
  }

  get refused(): number {
    return this.#refused;
  }

  /** Is there no place for another connection? */
  isFull(): boolean {
    return this.#held >= this.most;
  }

  /** Counts one more connection; false: there is no place for it. */
  enter(): boolean {
    if (this.isFull()) return false;
    this.#held += 1;
    return true;
  }

  /** A connection that was counted has gone. */
  leave(): void {
    this.#held -= 1;
  }

  /** Counts one more refused connection; false: there are too many of them. */
  refuse(): boolean {
    if (this.#refused >= this.mostRefused) return false;
    this.#refused += 1;
    return true;
  }

  /** A refused connection has gone. */
  leaveRefused(): void {
    this.#refused -= 1;
  }
}
