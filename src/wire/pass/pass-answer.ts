import type { HeaderLines } from "../../core/http/header-lines.ts";
import { type ResponseHead, type ResponseReading, readResponseHead } from "../message/response-head.ts";
import { upstreamName } from "../upstream/upstream-address.ts";
import { answerLines, type KeptFraming, keepAliveSeconds } from "../upstream/upstream-answer-lines.ts";
import { close, cut, pauseReading } from "../upstream/upstream-connection.ts";
import { type AnswerBody, answerBody, type BodyProgress, endAtClose, passBody } from "./pass-body.ts";
import type { AnswerHead } from "./pass-client.ts";
import { type Exchange, fail } from "./pass-exchange.ts";

/** 60 KiB of one field are met in the wild; a head that does not end is not kept without limit. */
const headLimits = { headBytes: 256 * 1024, fields: 2000 };

/** More interim heads than any upstream has use for. */
const mostInterimHeads = 32;

/** Takes what the upstream sent: of heads, then of the answer's body. */
export function takeAnswer(exchange: Exchange, bytes: Buffer): void {
  switch (exchange.phase) {
    case "asking":
      readHeads(exchange, bytes);
      break;
    case "answering":
      passPart(exchange, bytes, 0);
      break;
    case "over":
      return;
  }
  if (exchange.isFull && exchange.connection !== null && !isOver(exchange)) pauseReading(exchange.connection);
}

/** Apart, since the compiler takes a phase that was compared for the one it still is. */
function isOver({ phase }: Exchange): boolean {
  return phase === "over";
}

function readHeads(exchange: Exchange, bytes: Buffer): void {
  const all = exchange.received === null ? bytes : Buffer.concat([exchange.received, bytes]);
  const { method } = exchange.pass.request;
  let from = 0;
  while (exchange.phase === "asking") {
    const reading = readResponseHead(all, from, all.length, headLimits, method, from + exchange.searchedTo);
    if (reading.kind !== "head") {
      waitForHead(exchange, reading, from === 0 ? all : all.subarray(from), from);
      return;
    }
    exchange.searchedTo = 0;
    from = reading.end;
    if (reading.head.status >= 200) beginAnswer(exchange, reading.head, all, from);
    else if (reading.head.status === 101) switchProtocols(exchange, reading.head, all.subarray(from));
    else passInterim(exchange, reading.head);
  }
}

function waitForHead(
  exchange: Exchange,
  reading: Exclude<ResponseReading, { readonly kind: "head" }>,
  received: Buffer,
  from: number,
): void {
  if (reading.kind === "refused") {
    fail(exchange, "upstream_unreachable", unusable(exchange, reading.reason));
    return;
  }
  exchange.received = received;
  exchange.searchedTo = reading.searchedTo - from;
}

/** RFC 9110 15.2: interim answers are passed on, asked for or not; HTTP/1.0 knows none. */
function passInterim(exchange: Exchange, head: ResponseHead): void {
  const { client, pass } = exchange;
  exchange.interimHeads += 1;
  if (exchange.interimHeads > mostInterimHeads) {
    fail(exchange, "upstream_unreachable", unusable(exchange, "too many interim answers"));
    return;
  }
  if (client.version === "1.0") return;
  client.informational(head.status, head.reason, pass.forClient(answerLines(head.headers, "none")));
}

function switchProtocols(exchange: Exchange, head: ResponseHead, rest: Buffer): void {
  if (exchange.switched === null) fail(exchange, "upstream_unreachable", unusable(exchange, "an unasked 101"));
  else exchange.switched(exchange, head, rest);
}

function beginAnswer(exchange: Exchange, head: ResponseHead, bytes: Buffer, from: number): void {
  const { client, pass, connection } = exchange;
  const body = answerBody(head.framing, client.version);
  exchange.phase = "answering";
  exchange.received = null;
  exchange.body = body;
  exchange.expiresAt = Number.POSITIVE_INFINITY;
  exchange.keepsConnection = head.keepAlive && exchange.switched === null;
  const keepSeconds = exchange.keepsConnection ? keepAliveSeconds(head.headers) : null;
  // A second before the upstream closes it, as a request that meets the closing could be lost
  if (keepSeconds !== null && connection !== null) {
    connection.keepSeconds = Math.min(connection.keepSeconds, Math.max(0, keepSeconds - 1));
  }
  const headers = clientLines(exchange, head);
  const spent = bytes.subarray(0, from);
  client.writeHead({ status: head.status, reason: head.reason, headers, body: bodyOnClient(body) }, spent);
  pass.answered(head.status);
  passPart(exchange, bytes, from);
}

function clientLines({ body, pass }: Exchange, { status, headers }: ResponseHead): HeaderLines {
  const lines = pass.forClient(answerLines(headers, keptFraming(body, status)));
  return body.kind === "chunking" ? [...lines, ["Transfer-Encoding", "chunked"]] : lines;
}

function keptFraming({ kind }: AnswerBody, status: number): KeptFraming {
  switch (kind) {
    case "none":
      return status === 204 ? "none" : "length"; //  RFC 9110 8.6: no Content-Length in a 204
    case "length":
    case "chunked":
      return kind;
    case "chunking":
    case "unchunked":
    case "until_close":
      return "none";
  }
}

function bodyOnClient({ kind }: AnswerBody): AnswerHead["body"] {
  switch (kind) {
    case "none":
      return "none";
    case "length":
    case "chunked":
    case "chunking":
      return "framed";
    case "unchunked":
    case "until_close":
      return "until_close";
  }
}

function passPart(exchange: Exchange, bytes: Buffer, from: number): void {
  const progress =
    from === bytes.length && exchange.body.kind !== "none" ? more : passBody(exchange.body, bytes, from, exchange);
  switch (progress.kind) {
    case "more":
      exchange.client.flush();
      return;
    case "refused":
      fail(exchange, "upstream_unreachable", unusable(exchange, progress.reason));
      return;
    case "end":
      finish(exchange, progress.at < bytes.length ? "surplus" : "nothing");
  }
}

const more: BodyProgress = { kind: "more" };

/** The upstream sends no more: the end of a body that has no other, else a loss. */
export function answerEnded(exchange: Exchange): void {
  if (exchange.phase === "over") return;
  const { kind } = exchange.body;
  const endsSo = exchange.phase === "answering" && (kind === "until_close" || kind === "chunking");
  if (!endsSo) {
    fail(exchange, "upstream_unreachable", unusable(exchange, "connection closed"));
    return;
  }
  endAtClose(exchange.body, exchange);
  finish(exchange, "nothing");
}

/** The answer is whole. Its connection is used again when nothing more is to come on it, either way. */
function finish(exchange: Exchange, behind: "nothing" | "surplus"): void {
  const { connection, pool, client } = exchange;
  exchange.phase = "over";
  if (connection !== null) {
    const isClean = exchange.upload === "whole" && connection.waiting.length === 0;
    if (!isClean) cut(connection);
    else if (behind === "nothing" && exchange.keepsConnection) pool.giveBack(connection);
    else close(connection);
  }
  client.endBody();
}

/** What the log and the page's reason say of an upstream whose answer can't be used; never its target, which may hold a secret. */
export function unusable(exchange: Exchange, why: string): string {
  return `upstream: "${upstreamName(exchange.pass.request.upstream)}" gave no usable answer: ${why}`;
}
