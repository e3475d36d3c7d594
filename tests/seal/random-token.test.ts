import { expect, test } from "bun:test";
import { pooled } from "../../src/seal/random-token.ts";

/** A source whose bytes count up, and how many were asked of it. */
function countingSource() {
  const asked: number[] = [];
  let next = 0;
  const source = (count: number) => {
    asked.push(count);
    return Uint8Array.from({ length: count }, () => next++ % 251);
  };
  return { asked, source };
}

test("SES-01: a pool returns every byte of its source once, in order, also across two blocks", () => {
  const { source } = countingSource();
  const random = pooled(source);

  const given = Array.from({ length: 300 }, () => [...random(32)]).flat();

  const { source: same } = countingSource();
  const expected = Array.from({ length: 3 }, () => [...same(4096)]).flat();
  expect(given).toEqual(expected.slice(0, 9600));
});

test("returned bytes stay, although the pool erases its own", () => {
  const random = pooled(countingSource().source);

  const first = random(8);
  random(8);

  expect([...first]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});

test("the source is read in blocks of 4 KiB, and directly for more than an id", () => {
  const { asked, source } = countingSource();
  const random = pooled(source);

  for (let index = 0; index < 512; index++) random(8);
  random(8);
  random(65);

  expect(asked).toEqual([4096, 4096, 65]);
});
