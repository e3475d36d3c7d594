export interface Heartbeat {
  received(): void; //                                a beat was received
  stop(): void;
}

/** A beat is valid for 700 ms (change-feed.ts); each costs the store one small message. */
const everyMilliseconds = 150;

/** After this many beats sent and none received the channel is considered broken. */
const unreceivedBeats = 12;

/**
 * Sends the heartbeats of a ChangeFeed through the store. `send` resolves when the store has accepted the beat; when it throws, the beat
 * is skipped. `renew` is called when the store accepts beats but the channel delivers none.
 */
export function startHeartbeat(send: () => Promise<void>, renew: () => void): Heartbeat {
  let unreceived = 0;
  let sending = false;

  async function beat(): Promise<void> {
    if (sending) return;
    sending = true;
    try {
      await send();
      unreceived += 1;
    } catch {
      // the store is unavailable: requests report it
    } finally {
      sending = false;
    }
    if (unreceived < unreceivedBeats) return;
    unreceived = 0;
    renew();
  }

  const timer = setInterval(() => void beat(), everyMilliseconds);
  timer.unref();
  void beat();
  return {
    received() {
      unreceived = 0;
    },
    stop: () => clearInterval(timer),
  };
}
