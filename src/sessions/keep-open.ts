/** A connection until it ends. */
export interface OpenConnection<Client> {
  readonly client: Client;
  readonly ended: Promise<void>; //                never rejects
  close(): void; //                                resolves `ended`
}

/** A connection that is opened again whenever it ends. */
export interface KeptConnection<Client> {
  current(): Client | null; //                     null while disconnected
  /** Closes a connection that has stopped working, and opens another. */
  renew(): void;
  close(): void;
}

const firstPause = 50;
const longestPause = 1000;

/**
 * Opens a connection with `open`, and reconnects 50 ms to 1 s after it ends or an attempt fails. Bun's own reconnecting is not used: it
 * does not report a lost connection at once and does not subscribe again. Throws what the first `open` throws. `lost` is called at once
 * when a connection ends.
 */
export async function keepOpen<Client>(
  open: () => Promise<OpenConnection<Client>>,
  lost: () => void,
): Promise<KeptConnection<Client>> {
  let current: OpenConnection<Client> | null = await open();
  let closed = false;
  let wake = () => {};

  async function reconnectUntilClosed(): Promise<void> {
    let pause = firstPause;
    while (!closed) {
      if (current !== null) {
        await current.ended;
        current = null;
        pause = firstPause;
        lost();
      }
      await new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, closed ? 0 : pause).unref();
      });
      pause = Math.min(longestPause, pause * 2);
      if (!closed) current = await open().catch(() => null); // tried again; `current()` is null meanwhile
      if (closed) current?.close();
    }
  }

  void reconnectUntilClosed();
  return {
    current: () => current?.client ?? null,
    renew: () => current?.close(),
    close() {
      closed = true;
      current?.close();
      wake();
    },
  };
}

/** Thrown by `within`: the server is slow or away. */
export class DeadlinePassed extends Error {}

/** The result of `work`. Throws DeadlinePassed when it takes longer than this; the work itself goes on. */
export async function within<Result>(milliseconds: number, work: Promise<Result>): Promise<Result> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new DeadlinePassed(`no answer within ${milliseconds} ms`)), milliseconds);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
