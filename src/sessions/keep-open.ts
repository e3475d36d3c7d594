/** A connection that has been made, until it ends. */
export interface OpenConnection<Client> {
  readonly client: Client;
  readonly ended: Promise<void>; //                never rejects
  close(): void; //                                `ended` follows
}

/** A connection that is made again whenever it ends. */
export interface KeptConnection<Client> {
  current(): Client | null; //                     null while there is none
  /** Ends the connection that stands, which can't be relied on, and makes another. */
  renew(): void;
  close(): void;
}

const firstPause = 50;
const longestPause = 1000;

/**
 * Makes a connection, by `open`, and makes it anew when it ends or could not be made again, after 50 ms to 1 s. Bun's own reconnecting
 * is not used: it neither tells of a break at once nor subscribes again. Throws what `open` throws the first time. `lost` is called at
 * every end, at once.
 */
export async function keepOpen<Client>(
  open: () => Promise<OpenConnection<Client>>,
  lost: () => void,
): Promise<KeptConnection<Client>> {
  let current: OpenConnection<Client> | null = await open();
  let closed = false;
  let wake = () => {};

  async function live(): Promise<void> {
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
      if (!closed) current = await open().catch(() => null); // tried again: callers see no connection meanwhile
      if (closed) current?.close();
    }
  }

  void live();
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
