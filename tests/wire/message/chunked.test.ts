import { describe, expect, test } from "bun:test";
import type { HeaderLines } from "../../../src/core/http/header-lines.ts";
import {
  ChunkedReader,
  chunkHead,
  chunkTail,
  forwardableTrailers,
  lastChunk,
} from "../../../src/wire/message/chunked.ts";
import { bytesOf, cutsOf, wireRows } from "./corpus.ts";

const limits = { extensionBytes: 16_384, trailerBytes: 8192, trailerFields: 50 };
const rows = await wireRows("wire-chunked.toml");

/** A reader's result for `bytes` cut at `cuts`, with all data that it returned. */
function read(bytes: Buffer, cuts: readonly number[] = [bytes.length]) {
  const reader = new ChunkedReader(limits);
  let data = "";
  let from = 0;
  for (const to of cuts) {
    const reading = reader.read(bytes, from, to, (range, start, end) => {
      data += range.toString("latin1", start, end);
    });
    if (reading.kind !== "more") return { reading, data };
    from = to;
  }
  return { reading: { kind: "more" }, data };
}

const readText = (text: string) => read(Buffer.from(text, "latin1"));
const linesOf = (trailers: unknown) =>
  (Array.isArray(trailers) ? trailers : []).map((line) => String(line).split(": ")) as unknown as HeaderLines; // rows of "Name: value"

describe("a message that is accepted", () => {
  test.each([...rows.accepted])("%s", (_name, row) => {
    const raw = bytesOf(row);

    const { reading, data } = read(Buffer.concat([raw, Buffer.from("GET /next HTTP/1.1\r\n\r\n")]));

    expect(reading).toEqual({ kind: "end", at: raw.length, trailers: linesOf(row["trailers"]) });
    expect(data).toBe(String(row["data"]));
  });
});

describe("a message that is refused", () => {
  test.each([...rows.refused])("%s", (_name, row) => {
    expect(read(bytesOf(row)).reading.kind).toBe("refused");
  });
});

test("every row reads the same wherever its bytes are cut", () => {
  const different: string[] = [];
  for (const [name, row] of [...rows.accepted, ...rows.refused]) {
    const raw = bytesOf(row);
    const whole = read(raw);
    for (const cuts of cutsOf(raw.length)) {
      if (!Bun.deepEquals(read(raw, cuts), whole)) different.push(`${name}: ${cuts}`);
    }
  }

  expect(rows.accepted.length).toBeGreaterThan(5);
  expect(rows.refused.length).toBeGreaterThan(25);
  expect(different).toEqual([]);
});

test("data is returned as ranges of the given bytes, as far as they have arrived", () => {
  const bytes = Buffer.from("5\r\nhello\r\n0\r\n\r\n");
  const ranges: [boolean, number, number][] = [];
  const reader = new ChunkedReader(limits);
  const note = (range: Buffer, from: number, to: number) => ranges.push([range === bytes, from, to]);

  reader.read(bytes, 0, 5, note);
  reader.read(bytes, 5, bytes.length, note);

  expect(ranges).toEqual([
    [true, 3, 5],
    [true, 5, 8],
  ]);
});

test("a message ends with its empty line, not before", () => {
  expect(readText("5\r\nhello\r\n0\r\n").reading).toEqual({ kind: "more" });
  expect(readText("0\r\nX: 1\r\n\r").reading).toEqual({ kind: "more" });
});

test("a reader that has ended or refused reads nothing more", () => {
  const bytes = Buffer.from("0\r\n\r\n");
  const ended = new ChunkedReader(limits);
  const refused = new ChunkedReader(limits);
  const nothing = () => undefined;

  ended.read(bytes, 0, bytes.length, nothing);
  refused.read(Buffer.from("x"), 0, 1, nothing);

  expect(ended.read(bytes, 0, bytes.length, nothing).kind).toBe("refused");
  expect(refused.read(bytes, 0, bytes.length, nothing).kind).toBe("refused");
});

describe("DOS-03: limits", () => {
  test.each([
    ["one long extension", `1;${"a".repeat(limits.extensionBytes + 1)}\r\n!\r\n0\r\n\r\n`],
    ["an extension without end", `1;${"a".repeat(limits.extensionBytes + 1)}`],
    ["many small extensions", `${"1;aaaaaaaaa\r\n!\r\n".repeat(2000)}0\r\n\r\n`],
    ["long trailers", `0\r\nX: ${"a".repeat(limits.trailerBytes)}\r\n\r\n`],
    ["trailers without end", `0\r\nX: ${"a".repeat(limits.trailerBytes)}`],
    ["many trailers", `0\r\n${"X: 1\r\n".repeat(limits.trailerFields + 1)}\r\n`],
  ])("%s: refused", (_name, text) => {
    expect(readText(text).reading.kind).toBe("refused");
  });

  test("an extension at the limit is skipped", () => {
    const { reading, data } = readText(`1;${"a".repeat(limits.extensionBytes)}\r\n!\r\n0\r\n\r\n`);

    expect(reading.kind).toBe("end");
    expect(data).toBe("!");
  });
});

describe("written chunks", () => {
  test("are read back", () => {
    const data = "x".repeat(300);
    const text = `${chunkHead(300)}${data}${chunkTail}${lastChunk([["X-Sum", "1"]])}`;

    expect(text.slice(0, 5)).toBe("12c\r\n");
    expect(readText(text)).toEqual({ reading: { kind: "end", at: text.length, trailers: [["X-Sum", "1"]] }, data });
    expect(lastChunk([])).toBe("0\r\n\r\n");
  });

  test("a trailer that would split the message is never written", () => {
    expect(() => lastChunk([["X", "a\r\n\r\nHTTP/1.1 200 OK"]])).toThrow('field "X" has a value that cannot be sent');
  });

  test("a response's trailers are forwarded, except fields that are only valid in a head", () => {
    const passed = forwardableTrailers([
      ["Server-Timing", "a"],
      ["Content-Length", "5"],
      ["Transfer-Encoding", "chunked"],
      ["Set-Cookie", "a=b"],
      ["grpc-status", "0"],
      ["Connection", "close"],
    ]);

    expect(passed).toEqual([
      ["Server-Timing", "a"],
      ["grpc-status", "0"],
    ]);
  });
});
