import { describe, expect, test } from "bun:test";
import { Memory, ownText, ownWord, remembered } from "../../../src/core/bounds/memory.ts";

describe("the oldest entry", () => {
  test("goes first, in the order in which keys were set, whatever was deleted meanwhile", () => {
    const evicted: string[] = [];
    const memory = new Memory<number>({ entries: 4, bytes: 10_000, evicted: (key) => evicted.push(key) });
    const set = (...keys: readonly string[]) => {
      for (const key of keys) memory.set(key, 1);
    };

    set("a", "b", "c", "d", "e"); //               a goes
    memory.delete("b");
    set("f", "g"); //                              c goes
    memory.delete("d");
    set("d", "h"); //                              again: d is new; e goes
    memory.clear();
    set("i", "j", "k", "l", "m"); //               i goes

    expect(evicted).toEqual(["a", "c", "e", "i"]);
    expect([...memory.keys()]).toEqual(["j", "k", "l", "m"]);
  });

  test("goes when there is no room for one more, and no other entry goes", () => {
    const memory = new Memory<number>({ entries: 3, bytes: 10_000 });

    for (const key of ["a", "b", "c", "d", "e"]) memory.set(key, 1);

    expect([...memory.keys()]).toEqual(["c", "d", "e"]);
  });

  test("stays the oldest when its value is set again, and is the newest when it is renewed", () => {
    const memory = new Memory<number>({ entries: 3, bytes: 10_000 });
    for (const key of ["a", "b", "c"]) memory.set(key, 1);

    memory.renew("a", 2);
    memory.set("b", 2);
    memory.set("d", 1);

    expect([...memory.keys()]).toEqual(["c", "a", "d"]);
    expect(memory.get("a")).toBe(2);
  });

  test("is passed over while it is in use; when all are, the memory grows", () => {
    const memory = new Memory<{ inUse: boolean }>({ entries: 2, bytes: 10_000, isInUse: ({ inUse }) => inUse });
    memory.set("a", { inUse: true });
    memory.set("b", { inUse: false });

    memory.set("c", { inUse: true });
    memory.set("d", { inUse: true });

    expect([...memory.keys()]).toEqual(["a", "c", "d"]);
  });
});

describe("the bytes of a memory", () => {
  test("never exceed its limit in a flood of long keys and values, and go back to 0", () => {
    const memory = new Memory<string>({ entries: 1000, bytes: 100_000, bytesOf: (value) => value.length });
    let most = 0;

    for (let index = 0; index < 1000; index += 1) {
      memory.set(`${index}-${"k".repeat(index * 7)}`, "v".repeat(index * 11));
      memory.renew("renewed", "v".repeat(index));
      memory.set(`${index}-${"k".repeat(index * 7)}`, "v".repeat(index * 13));
      most = Math.max(most, memory.bytes);
    }
    memory.deleteWhere(() => true);

    expect(most).toBeLessThanOrEqual(100_000);
    expect(most).toBeGreaterThan(90_000);
    expect([memory.size, memory.bytes]).toEqual([0, 0]);
  });

  test("an entry that is larger than the whole memory is not kept, and evicts nothing", () => {
    const memory = new Memory<string>({ entries: 10, bytes: 1000, bytesOf: (value) => value.length });
    memory.set("a", "v");

    memory.set("b", "v".repeat(1000));

    expect([...memory.keys()]).toEqual(["a"]);
  });
});

test("entries that are over are deleted, from the oldest on or everywhere", () => {
  const memory = new Memory<number>({ entries: 10, bytes: 10_000 });
  for (const [key, end] of [
    ["a", 1],
    ["b", 5],
    ["c", 2],
    ["d", 9],
  ] as const)
    memory.set(key, end);

  memory.deleteOldestWhile((end) => end < 3);
  expect([...memory.keys()]).toEqual(["b", "c", "d"]);
  memory.deleteWhere((end) => end < 3);
  expect([...memory.keys()]).toEqual(["b", "d"]);
});

describe("remembered answers", () => {
  test("each text is looked up once, null and false are answers too, and a long text is looked up each time", () => {
    const asked: string[] = [];
    const find = remembered((text) => {
      asked.push(text);
      return text === "null" ? null : text === "true";
    });
    const long = "x".repeat(257);

    const answers = ["null", "null", "true", "false", "false", long, long].map(find);

    expect(answers).toEqual([null, null, true, false, false, false, false]);
    expect(asked).toEqual(["null", "true", "false", long, long]);
  });

  test("the latest 1,000 are kept", () => {
    let asked = 0;
    const find = remembered((text) => {
      asked += 1;
      return text.length;
    });
    for (let index = 0; index < 1001; index += 1) find(`text ${index}`);

    for (let index = 1; index < 1001; index += 1) find(`text ${index}`);
    expect(asked).toBe(1001);
    find("text 0");
    expect(asked).toBe(1002);
  });
});

test("a copy is the same text, whatever its letters", () => {
  for (const text of ["", "a", "Host", "ä\u0000ÿ", "日本 😀", "x".repeat(300)]) {
    expect(ownText(text)).toBe(text);
    expect(ownWord(text)).toBe(text);
  }
});
