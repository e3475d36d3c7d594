/**
 * Waits until `isSo`, which is asked every 1 to 10 ms. After `milliseconds` it throws an error that shows the condition, so that a test
 * that waits in vain says what for. Tests wait with this, never for a fixed time: `tests/house/waits.test.ts`.
 */
export async function waitUntil(isSo: () => boolean | Promise<boolean>, milliseconds = 5000): Promise<void> {
  const deadline = performance.now() + milliseconds;
  for (let pause = 1; !(await isSo()); pause = Math.min(pause * 2, 10)) {
    if (performance.now() > deadline) throw new Error(`not so within ${milliseconds} ms: ${isSo}`);
    await Bun.sleep(pause);
  }
}
