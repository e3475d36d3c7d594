import type { HeaderLines } from "../../../src/core/http/header-lines.ts";
import { ChunkedReader, chunkHead, chunkTail, lastChunk } from "../../../src/wire/message/chunked.ts";
import { readRequestHead } from "../../../src/wire/message/request-head.ts";
import { readResponseHead } from "../../../src/wire/message/response-head.ts";
import { requestHeadText, responseHeadText } from "../../../src/wire/message/write-head.ts";

/** The result of one case: how it was read, and the broken law; null: none. */
export interface Judgement {
  readonly kind: "incomplete" | "refused" | "accepted";
  readonly broken: string | null;
}

/** Small limits, so that cases reach them. */
const limits = { headBytes: 300, targetChars: 40, fields: 6 };
const chunkedLimits = { extensionBytes: 40, trailerBytes: 60, trailerFields: 3 };

/** For the written text of an accepted message: `X:1` becomes `X: 1`, which is longer. */
const roomy = { headBytes: 1000, targetChars: 40, fields: 6 };
const roomyChunked = { extensionBytes: 40, trailerBytes: 200, trailerFields: 3 };

const requestGrammar =
  /^(?:\r\n)?[!#$%&'*+.^_`|~\w-]+ [!"$-~\x80-\xff]+ HTTP\/1\.[01]\r\n(?:[!#$%&'*+.^_`|~\w-]+:[\t -~\x80-\xff]*\r\n)*\r\n$/;
const responseGrammar =
  /^HTTP\/1\.[01] [1-9]\d\d(?: [\t -~\x80-\xff]*)?\r\n(?:[!#$%&'*+.^_`|~\w-]+:[\t -~\x80-\xff]*\r\n)*\r\n$/;

/**
 * A reader of heads under the laws: it never throws, looks at nothing before or after its bytes, says the same however they are cut, and
 * what it accepts is by the grammar, framed in one way, and writes to a message that reads the same.
 */
function judgeHead<Reading extends HeadReading>(
  bytes: Buffer,
  random: () => number,
  readWithin: (most: typeof limits, bytes: Buffer, from: number, to: number, searchedTo?: number) => Reading,
  grammar: RegExp,
  written: (reading: Reading) => string,
): Judgement {
  const read = (raw: Buffer, from: number, to: number, searchedTo?: number) =>
    readWithin(limits, raw, from, to, searchedTo);
  const whole = read(bytes, 0, bytes.length);
  const kind = whole.kind === "head" ? "accepted" : whole.kind;
  const broken = (law: string): Judgement => ({ kind, broken: law });
  if (!sameElsewhere(bytes, whole, read)) return broken("what stands around the bytes changes the reading");
  if (!sameInSlices(bytes, whole, random, read)) return broken("how the bytes are cut changes the reading");
  if (whole.kind !== "head" || whole.head === undefined || whole.end === undefined) return { kind, broken: null };
  const raw = bytes.toString("latin1", 0, whole.end);
  if (!grammar.test(raw)) return broken("an accepted head is not by the grammar");
  if (isAmbiguous(raw)) return broken("an accepted head is framed in two ways");
  const again = Buffer.from(written(whole), "latin1");
  const reread = readWithin(roomy, again, 0, again.length);
  const same = reread.end === again.length && Bun.deepEquals(reread.head?.headers, whole.head.headers);
  return { kind, broken: same ? null : "an accepted head is written to something else" };
}

interface HeadReading {
  readonly kind: "incomplete" | "refused" | "head";
  readonly searchedTo?: number;
  readonly end?: number;
  readonly head?: { readonly headers: HeaderLines };
}

function sameElsewhere(
  bytes: Buffer,
  whole: HeadReading,
  read: (bytes: Buffer, from: number, to: number) => HeadReading,
): boolean {
  return ["\r\n\r\n", "\n", "x: y\r\n\r\n"].every((around) => {
    const offset = around.length;
    const surrounded = Buffer.concat([Buffer.from(around), bytes, Buffer.from(around)]);
    const { end, searchedTo, ...rest } = read(surrounded, offset, offset + bytes.length);
    const moved = {
      ...rest,
      ...(end !== undefined && { end: end - offset }),
      ...(searchedTo !== undefined && { searchedTo: searchedTo - offset }),
    };
    return Bun.deepEquals(moved, whole);
  });
}

function sameInSlices(
  bytes: Buffer,
  whole: HeadReading,
  random: () => number,
  read: (bytes: Buffer, from: number, to: number, searchedTo: number) => HeadReading,
): boolean {
  let searchedTo = 0;
  let to = 0;
  while (to < bytes.length) {
    to = Math.min(bytes.length, to + 1 + Math.floor(random() * random() * 60));
    const reading = read(bytes, 0, to, searchedTo);
    if (reading.kind !== "incomplete") return Bun.deepEquals(reading, whole);
    searchedTo = reading.searchedTo ?? 0;
  }
  return whole.kind === "incomplete";
}

/** Found in another way than the reader does: line by line. */
function isAmbiguous(raw: string): boolean {
  const count = (pattern: RegExp) => raw.match(pattern)?.length ?? 0;
  const lengths = count(/^content-length:/gim);
  const codings = count(/^transfer-encoding:/gim);
  if (lengths + codings > 1) return true;
  return (
    lengths !== count(/^content-length:[\t ]*\d+[\t ]*\r$/gim) ||
    codings !== count(/^transfer-encoding:[\t ]*chunked[\t ]*\r$/gim)
  );
}

/** A request head under the laws. */
export function judgeRequest(bytes: Buffer, random: () => number): Judgement {
  return judgeHead(
    bytes,
    random,
    (most, raw, from, to, searchedTo) => readRequestHead(raw, from, to, most, searchedTo),
    requestGrammar,
    (reading) => {
      if (reading.kind !== "head") return "";
      const { method, target, headers, version } = reading.head;
      return requestHeadText(method, target, headers).replace(" HTTP/1.1\r\n", ` HTTP/${version}\r\n`);
    },
  );
}

/** A response head under the laws. */
export function judgeResponse(bytes: Buffer, random: () => number): Judgement {
  return judgeHead(
    bytes,
    random,
    (most, raw, from, to, searchedTo) => readResponseHead(raw, from, to, most, "GET", searchedTo),
    responseGrammar,
    (reading) => {
      if (reading.kind !== "head") return "";
      const { status, reason, headers, version } = reading.head;
      return responseHeadText(status, reason, headers).replace("HTTP/1.1", `HTTP/${version}`);
    },
  );
}

/** A chunked message under the laws: as for heads, and another, plain reader of the whole finds the same content. */
export function judgeChunked(bytes: Buffer, random: () => number): Judgement {
  const whole = readAll(bytes, [bytes.length]);
  const kind = whole.kind === "end" ? "accepted" : whole.kind === "more" ? "incomplete" : "refused";
  const broken = (law: string): Judgement => ({ kind, broken: law });
  const cuts: number[] = [];
  for (let to = 0; to < bytes.length; cuts.push(to)) {
    to = Math.min(bytes.length, to + 1 + Math.floor(random() * random() * 30));
  }
  if (!Bun.deepEquals(readAll(bytes, cuts), whole)) return broken("how the bytes are cut changes the reading");
  if (whole.kind !== "end") return { kind, broken: null };
  if (plainContent(bytes.toString("latin1", 0, whole.at)) !== whole.data)
    return broken("a plain reader finds other content");
  const data = whole.data === "" ? "" : `${chunkHead(whole.data.length)}${whole.data}${chunkTail}`;
  const again = Buffer.from(`${data}${lastChunk(whole.trailers ?? [])}`, "latin1");
  const reread = readAll(again, [again.length], roomyChunked);
  const same =
    reread.at === again.length && reread.data === whole.data && Bun.deepEquals(reread.trailers, whole.trailers);
  return { kind, broken: same ? null : "an accepted message is written to something else" };
}

interface WholeChunked {
  readonly kind: "more" | "end" | "refused";
  readonly at?: number;
  readonly trailers?: HeaderLines;
  readonly data: string;
}

function readAll(bytes: Buffer, cuts: readonly number[], most = chunkedLimits): WholeChunked {
  const reader = new ChunkedReader(most);
  let data = "";
  let from = 0;
  for (const to of cuts) {
    // Bytes beyond `to` are replaced, so that a reader that reads them finds something else
    const shown = Buffer.concat([bytes.subarray(0, to), Buffer.from("\n\r\n0")]);
    const reading = reader.read(shown, from, to, (range, start, end) => {
      data += range.toString("latin1", start, end);
    });
    if (reading.kind !== "more") return { ...reading, data };
    from = to;
  }
  return { kind: "more", data };
}

/** The content of a whole chunked message, null if it is invalid: read in the simplest way, without regard to speed. */
function plainContent(text: string): string | null {
  let content = "";
  let rest = text;
  for (;;) {
    const line = /^([0-9A-Fa-f]+)(;[^\r\n]*)?\r\n/.exec(rest);
    if (line === null) return null;
    const size = Number.parseInt(line[1] ?? "", 16);
    rest = rest.slice(line[0].length);
    if (size === 0) return /^(?:[^\r\n:]+:[^\r\n]*\r\n)*\r\n$/.test(rest) ? content : null;
    if (rest.slice(size, size + 2) !== "\r\n") return null;
    content += rest.slice(0, size);
    rest = rest.slice(size + 2);
  }
}
