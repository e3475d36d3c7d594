/** A time limit that can be begun anew and that ends once. */
export interface Deadline {
  readonly signal: AbortSignal;
  expired(): boolean;
  restart(): void;
  stop(): void; //                                 for good: a later restart does nothing
  /** Aborts the signal now, without expiring. */
  abort(): void;
}

/** Aborts its signal when `seconds` pass without a restart (0: never), and when `client` aborts. */
export function startDeadline(seconds: number, client: AbortSignal): Deadline {
  const controller = new AbortController();
  let expired = false;
  let stopped = false;
  let timer: ReturnType<typeof setTimeout> | null = null;
  const clear = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
  };
  const stop = (): void => {
    stopped = true;
    clear();
  };
  const restart = (): void => {
    clear();
    if (seconds === 0 || stopped) return;
    timer = setTimeout(() => {
      expired = true;
      controller.abort();
    }, seconds * 1000);
  };
  const abort = (): void => {
    stop();
    controller.abort();
  };
  if (client.aborted) controller.abort();
  else client.addEventListener("abort", abort, { once: true, signal: controller.signal });
  restart();
  return { signal: controller.signal, expired: () => expired, restart, stop, abort };
}
