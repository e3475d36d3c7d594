import type { HeaderLines } from "../../core/http/header-lines.ts";
import {
  ChunkedReader,
  chunkHead,
  chunkTail,
  forwardableTrailers,
  lastChunk,
  readTogether,
} from "../message/chunked.ts";
import type { ResponseFraming } from "../message/framing.ts";
import { linesText } from "../message/write-head.ts";
import type { KeptFraming } from "../upstream/hop-lines.ts";
import type { AnswerHead } from "./sides.ts";

/** How an answer's body goes from the upstream to the client, and how far it has come. */
export type AnswerBody =
  | { readonly kind: "none" }
  | { readonly kind: "length"; left: number }
  | { readonly kind: "chunked"; readonly reader: ChunkedReader } //           as it is, except for its trailers
  | { readonly kind: "unchunked"; readonly reader: ChunkedReader } //         to HTTP/1.0, which has no chunks
  | { readonly kind: "until_close" } //                                       to HTTP/1.0
  | { readonly kind: "chunking" }; //                                         until_close, chunked for the client

/** The result of one part of a body: more follows, the body ends at `at`, or the part is not valid. */
export type BodyProgress =
  | { readonly kind: "more" }
  | { readonly kind: "end"; readonly at: number }
  | { readonly kind: "refused"; readonly reason: string };

/** The limits of a chunked answer besides those of its data. */
const chunkedLimits = { extensionBytes: 16 * 1024, trailerBytes: 32 * 1024, trailerFields: 100 };

export const noBody: AnswerBody = { kind: "none" };

/**
 * How a body with this framing goes to a client of `version`. A body that ends with the upstream's connection is sent chunked, so that
 * the client's own connection stays open and a cut differs from an end (RFC 9112 6.3, 8). To HTTP/1.0 it ends with the connection again.
 */
export function answerBody(framing: ResponseFraming, version: "1.0" | "1.1"): AnswerBody {
  switch (framing.kind) {
    case "none":
      return noBody;
    case "length":
      return framing.bytes === 0 ? noBody : { kind: "length", left: framing.bytes };
    case "chunked":
      return { kind: version === "1.1" ? "chunked" : "unchunked", reader: new ChunkedReader(chunkedLimits) };
    case "until_close":
      return { kind: version === "1.1" ? "chunking" : "until_close" };
  }
}

/** Which of the upstream's framing lines are true for the client too, and what the client gets after the head. */
interface BodyForm {
  readonly kept: KeptFraming;
  readonly toClient: AnswerHead["body"];
}

export const bodyForms: Readonly<Record<AnswerBody["kind"], BodyForm>> = {
  none: { kept: "length", toClient: "none" }, //   the Content-Length of HEAD and 304
  length: { kept: "length", toClient: "framed" },
  chunked: { kept: "chunked", toClient: "framed" },
  chunking: { kept: "none", toClient: "framed" },
  unchunked: { kept: "none", toClient: "until_close" },
  until_close: { kept: "none", toClient: "until_close" },
};

/** Receives a body. */
export interface BodyTarget {
  writeBody(bytes: Uint8Array): void;
  trailersForClient(trailers: HeaderLines): HeaderLines;
}

const moreFollows: BodyProgress = { kind: "more" };

/** Hands the part of the body that begins at `from` to the client. */
export function forwardBody(body: AnswerBody, bytes: Buffer, from: number, target: BodyTarget): BodyProgress {
  if (from === bytes.length && body.kind !== "none") return moreFollows;
  switch (body.kind) {
    case "none":
      return { kind: "end", at: from };
    case "length":
      return forwardLength(body, bytes, from, target);
    case "chunked":
      return forwardChunks(body.reader, bytes, from, target);
    case "unchunked":
      return forwardData(body.reader, bytes, from, target);
    case "until_close":
      target.writeBody(from === 0 ? bytes : bytes.subarray(from));
      return moreFollows;
    case "chunking":
      target.writeBody(asChunk(from === 0 ? bytes : bytes.subarray(from)));
      return moreFollows;
  }
}

/** The end of a body that ends with the upstream's connection. */
export function endBody(body: AnswerBody, target: BodyTarget): void {
  if (body.kind === "chunking") target.writeBody(Buffer.from(lastChunk([]), "latin1"));
}

function forwardLength(body: { left: number }, bytes: Buffer, from: number, target: BodyTarget): BodyProgress {
  const here = bytes.length - from;
  if (here < body.left) {
    body.left -= here;
    target.writeBody(from === 0 ? bytes : bytes.subarray(from));
    return moreFollows;
  }
  const at = from + body.left;
  target.writeBody(from === 0 && at === bytes.length ? bytes : bytes.subarray(from, at));
  return { kind: "end", at };
}

/** The bytes go on as they came. Trailers are kept back until they are whole, since the client may not get all of them. */
function forwardChunks(reader: ChunkedReader, bytes: Buffer, from: number, target: BodyTarget): BodyProgress {
  const reading = reader.read(bytes, from, bytes.length, ignoreData);
  switch (reading.kind) {
    case "refused":
      return reading;
    case "more":
      target.writeBody(bytes.subarray(from, bytes.length - reader.trailerBytesIn(bytes.length - from)));
      return moreFollows;
    case "end": {
      const { at, trailers } = reading;
      const here = reader.trailerBytesIn(at - from);
      if (trailers.length === 0 && here === chunkTail.length) target.writeBody(bytes.subarray(from, at));
      else {
        const forwarded = target.trailersForClient(forwardableTrailers(trailers));
        const end = Buffer.from(`${linesText(forwarded, "internal")}${chunkTail}`, "latin1");
        target.writeBody(Buffer.concat([bytes.subarray(from, at - here), end]));
      }
      return { kind: "end", at };
    }
  }
}

function ignoreData(): void {}

/** Only the data, without its framing. */
function forwardData(reader: ChunkedReader, bytes: Buffer, from: number, target: BodyTarget): BodyProgress {
  const reading = readTogether(reader, bytes, from, (data) => target.writeBody(data));
  return reading.kind === "end" ? { kind: "end", at: reading.at } : reading;
}

function asChunk(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(chunkHead(bytes.length), "latin1"), bytes, Buffer.from(chunkTail, "latin1")]);
}
