import { describe, expect, test } from "bun:test";
import { type ResponseReading, readResponseHead } from "../../../src/wire/message/response-head.ts";
import { bytesOf, cutsOf, readInSlices, type WireRow, wireRows } from "./corpus.ts";

const limits = { headBytes: 65_536, fields: 500 };
const rows = await wireRows("wire-responses.toml");

const methodOf = (row: WireRow) => (typeof row["to"] === "string" ? row["to"] : "GET");

/** A reading in the words of the corpus. */
function wordsOf(reading: ResponseReading) {
  if (reading.kind !== "head") return reading;
  const { headers, framing, keepAlive, ...rest } = reading.head;
  return {
    ...rest,
    fields: headers.map(([name, value]) => `${name}: ${value}`),
    framing: framing.kind === "length" ? `length ${framing.bytes}` : framing.kind,
    keep_alive: keepAlive,
  };
}

describe("a head that is accepted", () => {
  test.each([...rows.accepted])("%s", (_name, row) => {
    const raw = bytesOf(row);

    const reading = readResponseHead(raw, 0, raw.length, limits, methodOf(row));

    const { id: _id, rfc: _rfc, fact: _fact, head: _head, bytes: _bytes, to: _to, ...expected } = row;
    const usual = { version: "1.1", status: 200, reason: "OK", keep_alive: true, upgrade: null };
    expect(wordsOf(reading)).toMatchObject({ ...usual, ...expected });
    expect(reading).toMatchObject({ end: raw.length });
  });
});

describe("a head that is refused", () => {
  test.each([...rows.refused])("%s", (_name, row) => {
    const raw = bytesOf(row);

    expect(readResponseHead(raw, 0, raw.length, limits, methodOf(row)).kind).toBe("refused");
  });
});

test("every row reads the same wherever its bytes are cut, and whatever bytes are before and after them", () => {
  const different: string[] = [];
  for (const [name, row] of [...rows.accepted, ...rows.refused]) {
    const raw = bytesOf(row);
    const method = methodOf(row);
    const whole = readResponseHead(raw, 0, raw.length, limits, method);
    for (const cuts of cutsOf(raw.length)) {
      const sliced = readInSlices(cuts, (to, searchedTo) => readResponseHead(raw, 0, to, limits, method, searchedTo));
      if (!Bun.deepEquals(sliced, whole)) different.push(`${name}: ${cuts}`);
    }
    const surrounded = Buffer.concat([Buffer.from("\n\n"), raw, Buffer.from("\n\r\n\r\n\0")]);
    const moved = readResponseHead(surrounded, 2, raw.length + 2, limits, method);
    const expected = whole.kind === "head" ? { ...whole, end: whole.end + 2 } : whole;
    if (!Bun.deepEquals(moved, expected)) different.push(`${name}: between other bytes`);
  }

  expect(rows.accepted.length).toBeGreaterThan(15);
  expect(rows.refused.length).toBeGreaterThan(25);
  expect(different).toEqual([]);
});

test("an interim response and the final one are two heads", () => {
  const interim = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
  const bytes = Buffer.from(`${interim}HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n`);

  const first = readResponseHead(bytes, 0, bytes.length, limits, "GET");
  const second = readResponseHead(bytes, interim.length, bytes.length, limits, "GET");

  expect(first).toMatchObject({ head: { status: 103 }, end: interim.length });
  expect(second).toMatchObject({ head: { status: 200 }, end: bytes.length });
});

test.each([
  ["a head of more bytes than the limit", `X: ${"a".repeat(limits.headBytes)}\r\n`],
  ["a head of more fields than the limit", "X: 1\r\n".repeat(limits.fields + 1)],
])("%s is refused", (_name, lines) => {
  const bytes = Buffer.from(`HTTP/1.1 200 OK\r\n${lines}\r\n`);

  expect(readResponseHead(bytes, 0, bytes.length, limits, "GET").kind).toBe("refused");
});

test("a head without end is refused at the limit", () => {
  const bytes = Buffer.from(`HTTP/1.1 200 OK\r\nX: ${"a".repeat(limits.headBytes)}`);

  expect(readResponseHead(bytes, 0, bytes.length, limits, "GET").kind).toBe("refused");
  expect(readResponseHead(bytes, 0, limits.headBytes, limits, "GET").kind).toBe("incomplete");
});
