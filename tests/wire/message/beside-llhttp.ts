import { join } from "node:path";
import type { HeaderLines } from "../../../src/core/http/header-lines.ts";
import { ChunkedReader } from "../../../src/wire/message/chunked.ts";
import type { ResponseFraming } from "../../../src/wire/message/framing.ts";
import { readRequestHead } from "../../../src/wire/message/request-head.ts";
import { readResponseHead } from "../../../src/wire/message/response-head.ts";

/** Bytes to be read as a request, or as the response to a GET. */
export interface Message {
  readonly kind: "request" | "response";
  readonly bytes: Buffer;
}

/** A parser's result for a message, or for its beginning. */
export interface ParserResult {
  readonly error?: string;
  readonly headed?: boolean;
  readonly ended: boolean;
  readonly method?: string;
  readonly target?: string;
  readonly status?: number;
  readonly upgrade?: unknown;
  readonly fields: readonly string[]; //           name, value, name, value, …
  readonly body: string;
}

const limits = { headBytes: 60_000, targetChars: 8192, fields: 500 };
const chunkedLimits = { extensionBytes: 16_384, trailerBytes: 8192, trailerFields: 100 };

/** akproxy's result for a whole message: head and content. */
function resultOfWire({ kind, bytes }: Message): ParserResult {
  const reading =
    kind === "request"
      ? readRequestHead(bytes, 0, bytes.length, limits)
      : readResponseHead(bytes, 0, bytes.length, limits, "GET");
  if (reading.kind === "incomplete") return { ended: false, fields: [], body: "" };
  if (reading.kind === "refused") return { error: reading.reason, ended: false, fields: [], body: "" };
  const { head, end } = reading;
  const result = {
    headed: true,
    ...("method" in head ? { method: head.method, target: head.target } : { status: head.status }),
    fields: flat(head.headers),
  };
  return { ...result, ...contentOf(head.framing, bytes, end) };
}

function contentOf(
  framing: ResponseFraming,
  bytes: Buffer,
  at: number,
): Pick<ParserResult, "ended" | "body" | "error"> {
  switch (framing.kind) {
    case "none":
      return { ended: true, body: "" };
    case "until_close":
      return { ended: false, body: bytes.toString("latin1", at) };
    case "length":
      return { ended: bytes.length >= at + framing.bytes, body: bytes.toString("latin1", at, at + framing.bytes) };
    case "chunked": {
      let body = "";
      const reading = new ChunkedReader(chunkedLimits).read(bytes, at, bytes.length, (range, from, to) => {
        body += range.toString("latin1", from, to);
      });
      return { ended: reading.kind === "end", body, ...(reading.kind === "refused" && { error: reading.reason }) };
    }
  }
}

function flat(lines: HeaderLines): readonly string[] {
  return lines.flat();
}

/**
 * How the wire's reading differs from llhttp's: not at all; the wire alone refuses (`stricter`); llhttp alone refuses, as is `meant`
 * (docs/wire-differences.md) or not (`looser`); both accept and read two things, so that one could be smuggled past the other (`wrong`).
 */
export type Difference =
  | { readonly kind: "none" }
  | { readonly kind: "stricter" | "meant" | "looser" | "wrong"; readonly about: string };

/** What llhttp refuses and akproxy accepts on purpose, by llhttp's code: unknown methods, bytes above 0x7f in a target. */
const meant: Readonly<Record<string, RegExp>> = {
  HPE_INVALID_METHOD: /^(?:\r\n)?[!#$%&'*+.^_`|~\w-]+ /,
  HPE_INVALID_URL: /^(?:\r\n)?\S+ \S*[\x80-\xff]/,
};

/** llhttp's results for messages, in their order; `node` is the path of Node.js. */
export async function resultsOfLlhttp(messages: readonly Message[], node: string): Promise<readonly ParserResult[]> {
  const parts = messages.flatMap(({ kind, bytes }) => {
    const prefix = Buffer.alloc(5);
    prefix[0] = kind === "request" ? 0 : 1;
    prefix.writeUInt32LE(bytes.length, 1);
    return [prefix, bytes];
  });
  const child = Bun.spawn([node, join(import.meta.dir, "llhttp.mjs")], {
    stdin: Buffer.concat(parts),
    stdout: "pipe",
    stderr: "inherit",
  });
  const lines = (await new Response(child.stdout).text()).trimEnd().split("\n");
  if (lines.length !== messages.length)
    throw new Error(`llhttp.mjs answered ${lines.length} of ${messages.length} messages`);
  // as: written by llhttp.mjs, which is of the same commit
  return lines.map((line) => JSON.parse(line) as ParserResult);
}

/** Compares akproxy's result for a message with llhttp's. */
export function difference(message: Message, theirs: ParserResult): Difference {
  const ours = resultOfWire(message);
  if (theirs.error !== undefined) {
    const accepted = ours.error === undefined && (ours.ended || (ours.headed === true && theirs.headed !== true));
    if (!accepted) return { kind: "none" };
    const isMeant = meant[theirs.error]?.test(message.bytes.toString("latin1")) === true;
    return { kind: isMeant ? "meant" : "looser", about: theirs.error };
  }
  if (ours.error !== undefined) return { kind: "stricter", about: ours.error };
  if (ours.headed !== true && theirs.headed === true) {
    // akproxy still waits for the empty line: it must refuse the head as soon as the line arrives
    const { error } = resultOfWire({ ...message, bytes: Buffer.concat([message.bytes, Buffer.from("\r\n\r\n")]) });
    return error === undefined ? { kind: "wrong", about: "where the head ends" } : { kind: "stricter", about: error };
  }
  const wrong = wronglyRead(ours, theirs);
  return wrong === null ? { kind: "none" } : { kind: "wrong", about: wrong };
}

/** The difference between two results without a refusal; null: none. */
function wronglyRead(ours: ParserResult, theirs: ParserResult): string | null {
  if (ours.headed !== theirs.headed) return "where the head ends";
  if (ours.headed !== true) return null;
  if (ours.method !== theirs.method || ours.status !== theirs.status) return "first line";
  if (!sameTarget(ours.target, theirs.target)) return "target";
  if (!Bun.deepEquals(ours.fields, theirs.fields)) return "fields";
  // llhttp stops at a request to upgrade and leaves the content to its caller
  if (theirs.upgrade === true) return null;
  if (ours.ended !== theirs.ended) return "whether the message has ended";
  return ours.body === theirs.body ? null : "content";
}

/** llhttp does not change an absolute-form. */
function sameTarget(ours: string | undefined, theirs: string | undefined): boolean {
  return ours === theirs || /^https?:/i.test(theirs ?? "");
}
