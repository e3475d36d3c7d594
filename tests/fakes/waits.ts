/**
 * How a test waits: for a condition, with a deadline, and never for a fixed time (`tests/house/waits.test.ts` holds that).
 */

/**
 * Waits until `isSo`, which it asks every 1 to 10 ms, and gives the milliseconds that took. After `patience` milliseconds it throws an error
 * that shows the condition.
 */
export async function waitUntil(isSo: () => boolean | Promise<boolean>, patience = 5000): Promise<number> {
  const start = performance.now();
  for (let pause = 1; !(await isSo()); pause = Math.min(pause * 2, 10)) {
    if (performance.now() - start > patience) throw new Error(`not so within ${patience} ms: ${isSo}`);
    await Bun.sleep(pause);
  }
  return performance.now() - start;
}

/** Waits until `read` gives the same value at 20 looks in a row, 5 ms apart: what filled up has stopped. */
export async function waitUntilStill(read: () => number, patience = 5000): Promise<void> {
  const deadline = performance.now() + patience;
  let last = read();
  for (let looks = 0; looks < 20; looks += 1) {
    await Bun.sleep(5);
    const value = read();
    if (value !== last) looks = 0;
    last = value;
    if (performance.now() > deadline) throw new Error(`still changing after ${patience} ms: ${read}`);
  }
}

/** The result of `wait`, or an error with this text after two seconds. */
export async function within<Value>(wait: () => Promise<Value>, otherwise: string): Promise<Value> {
  let timer: Timer | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(otherwise)), 2000);
  });
  try {
    return await Promise.race([wait(), late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Lets the event loop turn. In a turn Bun reads every socket that has bytes, so after two of them this process has read what it sent to itself:
 * two writes with two turns between them arrive as two packets.
 */
export async function turns(count = 2): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise<void>((next) => setImmediate(next));
}
