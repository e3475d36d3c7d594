import { describe, expect, test } from "bun:test";
import type { Framing } from "../../../src/wire/message/framing.ts";
import { type RequestReading, readRequestHead, readTarget } from "../../../src/wire/message/request-head.ts";
import { bytesOf, cutsOf, readInSlices, wireRows } from "./corpus.ts";

const limits = { headBytes: 32_768, targetChars: 8192, fields: 200 };
const rows = await wireRows("wire-requests.toml");

const read = (text: string, to = text.length) => readRequestHead(Buffer.from(text, "latin1"), 0, to, limits);
const get = (lines: string, target = "/") => `GET ${target} HTTP/1.1\r\nHost: app.test\r\n${lines}\r\n`;

function framingText(framing: Framing): string {
  return framing.kind === "length" ? `length ${framing.bytes}` : framing.kind;
}

/** A reading in the words of the corpus. */
function wordsOf(reading: RequestReading) {
  if (reading.kind !== "head") return reading;
  const { headers, framing, keepAlive, expectsContinue, ...rest } = reading.head;
  const fields = headers.map(([name, value]) => `${name}: ${value}`);
  return { ...rest, fields, framing: framingText(framing), keep_alive: keepAlive, expects_continue: expectsContinue };
}

describe("a head that is accepted", () => {
  test.each([...rows.accepted])("%s", (_name, { id: _id, rfc: _rfc, fact: _fact, head, bytes, ...expected }) => {
    const raw = bytesOf({ rfc: "", fact: "", ...(head && { head }), ...(bytes && { bytes }) });

    const reading = readRequestHead(raw, 0, raw.length, limits);

    const usual = { version: "1.1", framing: "none", keep_alive: true, expects_continue: false, upgrade: null };
    expect(wordsOf(reading)).toMatchObject({ ...usual, ...expected });
    expect(reading).toMatchObject({ end: raw.length });
  });
});

describe("a head that is refused", () => {
  test.each([...rows.refused])("%s", (_name, row) => {
    const raw = bytesOf(row);

    const reading = readRequestHead(raw, 0, raw.length, limits);

    const reason = row["reason"] === undefined ? {} : { reason: row["reason"] };
    expect(reading).toMatchObject({ kind: "refused", status: row["status"], ...reason });
  });
});

test("every row reads the same wherever its bytes are cut, and whatever bytes are before and after them", () => {
  const different: string[] = [];
  for (const [name, row] of [...rows.accepted, ...rows.refused]) {
    const raw = bytesOf(row);
    const whole = readRequestHead(raw, 0, raw.length, limits);
    for (const cuts of cutsOf(raw.length)) {
      const sliced = readInSlices(cuts, (to, searchedTo) => readRequestHead(raw, 0, to, limits, searchedTo));
      if (!Bun.deepEquals(sliced, whole)) different.push(`${name}: ${cuts}`);
    }
    const surrounded = Buffer.concat([Buffer.from("\n\n"), raw, Buffer.from("\n\r\n\r\n\0")]);
    const moved = readRequestHead(surrounded, 2, raw.length + 2, limits);
    const expected = whole.kind === "head" ? { ...whole, end: whole.end + 2 } : whole;
    if (!Bun.deepEquals(moved, expected)) different.push(`${name}: between other bytes`);
  }

  expect(rows.accepted.length).toBeGreaterThan(25);
  expect(rows.refused.length).toBeGreaterThan(70);
  expect(different).toEqual([]);
});

test("a head is incomplete until its empty line is whole, and reports how far it was searched", () => {
  const text = get("");

  expect(read(text, 0)).toEqual({ kind: "incomplete", searchedTo: 0 });
  expect(read(text, text.length - 1)).toEqual({ kind: "incomplete", searchedTo: text.length - 1 });
  expect(read("\r")).toEqual({ kind: "incomplete", searchedTo: 0 });
});

test("pipelined requests are read one after the other", () => {
  const text = `${get("", "/1")}${get("", "/2")}`;
  const bytes = Buffer.from(text);

  const first = readRequestHead(bytes, 0, bytes.length, limits);
  const second = readRequestHead(bytes, text.length / 2, bytes.length, limits);

  expect(first).toMatchObject({ head: { target: "/1" }, end: text.length / 2 });
  expect(second).toMatchObject({ head: { target: "/2" }, end: text.length });
});

describe("DOS-03: limits", () => {
  test.each([
    [8192, "head"],
    [8193, "refused"],
  ])("a target of %d characters is %s", (length, kind) => {
    const reading = read(get("", `/${"a".repeat(length - 1)}`));

    expect(reading).toMatchObject(kind === "head" ? { kind } : { kind, status: 414 });
  });

  test.each([
    [199, "head"],
    [200, "refused"],
  ])("%d fields besides Host are %s", (count, kind) => {
    const reading = read(get("X: 1\r\n".repeat(count)));

    expect(reading).toMatchObject(kind === "head" ? { kind } : { kind, status: 431 });
  });

  test.each([
    [0, "head"],
    [1, "refused"],
  ])("a head of the limit and %d bytes is %s", (more, kind) => {
    const empty = get("X: \r\n").length;
    const reading = read(get(`X: ${"a".repeat(limits.headBytes - empty + more)}\r\n`));

    expect(reading).toMatchObject(kind === "head" ? { kind } : { kind, status: 431 });
  });

  test("a head that never ends is refused at the limit: 431, or 414 while it is one line", () => {
    expect(read(get("").slice(0, -2) + "X: 1\r\n".repeat(6000))).toMatchObject({ kind: "refused", status: 431 });
    expect(read(`GET /${"a".repeat(limits.headBytes)}`)).toMatchObject({ kind: "refused", status: 414 });
    expect(read(`GET /${"a".repeat(limits.headBytes - 5)}`)).toMatchObject({ kind: "incomplete" });
  });

  test("a head that arrives byte by byte is searched once", () => {
    const bytes = Buffer.from(`GET / HTTP/1.1\r\nX: ${"a".repeat(20_000_000)}`);
    const generous = { ...limits, headBytes: 30_000_000 };
    const startedAt = performance.now();

    const cuts = Array.from({ length: 50_000 }, (_, index) => bytes.length - 50_000 + index);
    const reading = readInSlices(cuts, (to, searchedTo) => readRequestHead(bytes, 0, to, generous, searchedTo));

    // Searching twenty megabytes 50,000 times takes half a minute.
    expect(reading).toEqual({ kind: "incomplete" });
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });
});

test("an authority that is not a host differs from Host, even if Host is not a host either", () => {
  expect(readTarget("GET", "http:///a", "").kind).toBe("refused");
});

test("the reason of a refusal contains nothing that was sent", () => {
  const reasons = rows.refused.map(([, row]) => {
    const raw = bytesOf(row);
    const reading = readRequestHead(raw, 0, raw.length, limits);
    return reading.kind === "refused" ? reading.reason : "";
  });

  expect(reasons.filter((reason) => /app\.test|evil|secret|\/a|smuggled/.test(reason))).toEqual([]);
});
