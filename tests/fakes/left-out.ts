import { afterAll } from "bun:test";

const leftOut = new Set<string>();

/** Notes tests that cannot run here, and why: none is skipped silently. This file is a preload of `bun test`, so the list comes after the last test. */
export function isLeftOut(tests: string, reason: string): void {
  leftOut.add(`left out: ${tests}, because ${reason}`);
}

afterAll(() => {
  if (leftOut.size > 0) console.warn(`\n${[...leftOut].join("\n")}`);
});
