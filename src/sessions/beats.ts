export interface Beats {
  heard(): void; //                                a beat came back
  stop(): void;
}

/** A third of what a beat is good for; each costs a store one small message. */
const everyMilliseconds = 150;

/** So many beats sent and none heard: the channel is not what it seems. */
const unheardBeats = 12;

/**
 * Sends beats for a ChangeFeed through the store. `send` resolves when the store has taken it; what it throws is a beat less. `renew` is
 * called when the store takes beats and the channel brings none back.
 */
export function startBeats(send: () => Promise<void>, renew: () => void): Beats {
  let unheard = 0;
  let sending = false;

  async function beat(): Promise<void> {
    if (sending) return;
    sending = true;
    try {
      await send();
      unheard += 1;
    } catch {
      // the store is away: requests say so
    } finally {
      sending = false;
    }
    if (unheard < unheardBeats) return;
    unheard = 0;
    renew();
  }

  const timer = setInterval(() => void beat(), everyMilliseconds);
  timer.unref();
  void beat();
  return {
    heard() {
      unheard = 0;
    },
    stop: () => clearInterval(timer),
  };
}
