import { Failure } from "../core/failure.ts";
import { codeOf } from "./store-failure.ts";

/** What a queue needs; tests give a clock and a limit. */
export interface LockQueueOptions {
  readonly subject: string; //                     what is locked, for messages
  readonly clock: () => number; //                 milliseconds, monotonic
  readonly mostBytes?: number; //                  of everything that waits
}

/** How long a statement waits for a lock of another process. */
const waitMilliseconds = 2000;

/** The pauses between attempts; the last one repeats. An attempt that meets a lock costs 1.2 us (measured). */
const pauses: readonly number[] = [1, 2, 5, 10, 15, 20, 25];

/** How long waiting statements run in one turn of the event loop once the lock is free. */
const turnMilliseconds = 10;

const mostWaiting = 10_000;
const mostBytes = 16 * 1024 * 1024;

/** What a statement costs here besides its values. */
const entryBytes = 256;

interface Waiting {
  /** False: the lock is still held. */
  attempt(): boolean;
  refuse(failure: Failure): void;
  readonly until: number;
  readonly bytes: number;
}

/**
 * Runs statements of SQLite in the order in which they come. A statement that meets the lock of another process waits here for at most
 * two seconds and is tried again by a timer, so the event loop goes on meanwhile. Statements behind it wait too: the lock covers the file.
 */
export class LockQueue {
  readonly #options: LockQueueOptions;
  #waiting: Waiting[] = [];
  #bytes = 0;
  #timer: Timer | null = null;
  #attempts = 0;

  constructor(options: LockQueueOptions) {
    this.#options = options;
  }

  /** The result of `action`. Throws Failure store_unavailable when the lock is held for too long, or too much waits already. */
  run<Result>(action: () => Result, bytes = 0): Promise<Result> {
    return new Promise((resolve, reject) => {
      const attempt = () => {
        try {
          return isDone(() => resolve(action()));
        } catch (thrown) {
          reject(thrown);
          return true;
        }
      };
      if (this.#waiting.length === 0 && attempt()) return;
      this.#enqueue({ attempt, refuse: reject, until: this.#options.clock() + waitMilliseconds, bytes });
    });
  }

  /** As `run`, for a caller that does not wait for a lock. Throws what the first attempt throws; what happens to a later one is not reported. */
  runOrPostpone(action: () => unknown, bytes = 0): void {
    if (this.#waiting.length === 0 && isDone(action)) return;
    const until = this.#options.clock() + waitMilliseconds;
    const attempt = () => {
      try {
        return isDone(action);
      } catch {
        return true;
      }
    };
    this.#enqueue({ attempt, refuse() {}, until, bytes });
  }

  /** Refuses everything that waits. */
  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    for (const { refuse } of this.#waiting) refuse(this.#failure("the store is closed"));
    this.#waiting = [];
    this.#bytes = 0;
  }

  #enqueue(entry: Waiting): void {
    const bytes = this.#bytes + entry.bytes + entryBytes;
    if (this.#waiting.length >= mostWaiting || bytes > (this.#options.mostBytes ?? mostBytes)) {
      entry.refuse(this.#failure("another process holds a lock, and too many statements wait for it"));
      return;
    }
    this.#bytes = bytes;
    this.#waiting.push(entry);
    if (this.#timer === null) this.#sleep();
  }

  #sleep(): void {
    const pause = pauses[Math.min(this.#attempts, pauses.length - 1)] ?? 0;
    this.#attempts += 1;
    this.#timer = setTimeout(() => this.#drain(), pause);
  }

  #drain(): void {
    this.#timer = null;
    const turnEnds = this.#options.clock() + turnMilliseconds;
    let done = 0;
    for (const entry of this.#waiting) {
      if (!entry.attempt()) {
        if (entry.until > this.#options.clock()) break;
        entry.refuse(this.#failure(`another process has held a lock for ${waitMilliseconds / 1000} s; ${lockHint}`));
      }
      done += 1;
      this.#attempts = 0;
      this.#bytes -= entry.bytes + entryBytes;
      if (this.#options.clock() >= turnEnds) break;
    }
    this.#waiting.splice(0, done);
    if (this.#waiting.length > 0) this.#sleep();
  }

  #failure(reason: string): Failure {
    return new Failure("store_unavailable", `${this.#options.subject}: ${reason}`);
  }
}

const lockHint = "end its transaction: look for a backup, a VACUUM or an open sqlite3 shell, for example with lsof";

/** Runs the action. False: another process holds a lock. */
function isDone(action: () => unknown): boolean {
  try {
    action();
    return true;
  } catch (thrown) {
    if (isLocked(thrown)) return false;
    throw thrown;
  }
}

/** Is another process in the way of a statement of SQLite? */
export function isLocked(thrown: unknown): boolean {
  return codeOf(thrown)?.startsWith("SQLITE_BUSY") === true;
}
