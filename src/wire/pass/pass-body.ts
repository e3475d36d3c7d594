import type { Forwarding } from "../../ports/wire.ts";
import { chunkHead, chunkTail, lastChunk, passableTrailers } from "../message/chunk-text.ts";
import { type ChunkedState, readChunked, startChunked } from "../message/chunked.ts";
import type { ResponseFraming } from "../message/framing.ts";
import { linesText } from "../message/lines-text.ts";
import type { ClientSide } from "./pass-client.ts";

/** How an answer's body goes from the upstream to the client, and where it stands. */
export type AnswerBody =
  | { readonly kind: "none" }
  | { readonly kind: "length"; left: number }
  | { readonly kind: "chunked"; readonly state: ChunkedState } //             as it stands, but for its trailers
  | { readonly kind: "unchunked"; readonly state: ChunkedState } //           HTTP/1.0 knows no chunks
  | { readonly kind: "until_close" } //                                       to HTTP/1.0
  | { readonly kind: "chunking" }; //                                         until_close, chunked for the client

/** What part of a body was: all of it and more to come, its end at `at`, or no body. */
export type BodyProgress =
  | { readonly kind: "more" }
  | { readonly kind: "end"; readonly at: number }
  | { readonly kind: "refused"; readonly reason: string };

/** What besides data a chunked answer may hold. */
const chunkedLimits = { extensionBytes: 16 * 1024, trailerBytes: 32 * 1024, trailerFields: 100 };

/**
 * The way of a body with this framing to a client of `version`. One that ends with the upstream's connection goes on chunked, so that
 * the client's own connection stays and a cut is told from an end (RFC 9112 6.3, 8); to HTTP/1.0 it ends with the connection again.
 */
export function answerBody(framing: ResponseFraming, version: "1.0" | "1.1"): AnswerBody {
  switch (framing.kind) {
    case "none":
      return { kind: "none" };
    case "length":
      return framing.bytes === 0 ? { kind: "none" } : { kind: "length", left: framing.bytes };
    case "chunked":
      return { kind: version === "1.1" ? "chunked" : "unchunked", state: startChunked(chunkedLimits) };
    case "until_close":
      return { kind: version === "1.1" ? "chunking" : "until_close" };
  }
}

const more: BodyProgress = { kind: "more" };

/** Who gets a body; `isFull` is set when a write says that bytes wait. */
export interface BodyTarget {
  readonly client: Pick<ClientSide, "write">;
  readonly pass: Pick<Forwarding, "forClient">; //       for trailers
  isFull: boolean;
}

/** Hands the part of the body that begins at `from` to the client. */
export function passBody(body: AnswerBody, bytes: Buffer, from: number, target: BodyTarget): BodyProgress {
  switch (body.kind) {
    case "none":
      return { kind: "end", at: from };
    case "length":
      return passLength(body, bytes, from, target);
    case "chunked":
      return passChunks(body.state, bytes, from, target);
    case "unchunked":
      return passData(body.state, bytes, from, target);
    case "until_close":
      write(target, from === 0 ? bytes : bytes.subarray(from));
      return more;
    case "chunking":
      write(target, asChunk(from === 0 ? bytes : bytes.subarray(from)));
      return more;
  }
}

/** The end of a body that ends with the upstream's connection. */
export function endAtClose(body: AnswerBody, target: BodyTarget): void {
  if (body.kind === "chunking") write(target, Buffer.from(lastChunk([]), "latin1"));
}

function write(target: BodyTarget, bytes: Uint8Array): void {
  if (bytes.length > 0 && !target.client.write(bytes)) target.isFull = true;
}

function passLength(body: { left: number }, bytes: Buffer, from: number, target: BodyTarget): BodyProgress {
  const here = bytes.length - from;
  if (here < body.left) {
    body.left -= here;
    write(target, from === 0 ? bytes : bytes.subarray(from));
    return more;
  }
  const at = from + body.left;
  write(target, from === 0 && at === bytes.length ? bytes : bytes.subarray(from, at));
  return { kind: "end", at };
}

/** The bytes go on as they came. Trailers are kept back until they are whole, since some may not go on. */
function passChunks(state: ChunkedState, bytes: Buffer, from: number, target: BodyTarget): BodyProgress {
  const reading = readChunked(state, bytes, from, bytes.length, nowhere);
  switch (reading.kind) {
    case "refused":
      return reading;
    case "more":
      write(target, bytes.subarray(from, bytes.length - trailerBytesAtEnd(state, bytes.length - from)));
      return more;
    case "end": {
      const { at, trailers } = reading;
      const here = trailerBytesAtEnd(state, at - from);
      if (trailers.length === 0 && here === chunkTail.length) write(target, bytes.subarray(from, at));
      else {
        const passed = target.pass.forClient(passableTrailers(trailers));
        const end = Buffer.from(`${linesText(passed, "internal")}${chunkTail}`, "latin1");
        write(target, Buffer.concat([bytes.subarray(from, at - here), end]));
      }
      return { kind: "end", at };
    }
  }
}

/** How many of the last `most` bytes belong to the trailer section, with the empty line that ends it. */
function trailerBytesAtEnd(state: ChunkedState, most: number): number {
  const isThere = state.place === "trailer" || state.place === "over";
  return isThere ? Math.min(state.text.length, most) : 0;
}

function nowhere(): void {}

/** Only the data, without its framing. */
function passData(state: ChunkedState, bytes: Buffer, from: number, target: BodyTarget): BodyProgress {
  const reading = readChunked(state, bytes, from, bytes.length, (data, start, end) =>
    write(target, data.subarray(start, end)),
  );
  return reading.kind === "end" ? { kind: "end", at: reading.at } : reading;
}

function asChunk(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(chunkHead(bytes.length), "latin1"), bytes, Buffer.from(chunkTail, "latin1")]);
}
