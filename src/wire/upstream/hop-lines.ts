import { Failure } from "../../core/failure.ts";
import { firstValue, type HeaderLine, type HeaderLines, lowerCaseName } from "../../core/http/header-lines.ts";
import { isHopByHop, nominatedBy } from "../../core/http/hop-by-hop.ts";
import type { UpstreamRequest } from "../../core/upstream/upstream-request.ts";
import type { Framing } from "../message/framing.ts";
import { requestHeadText } from "../message/write-head.ts";

/** The head that goes to the upstream; null: the request cannot stand in a message. */
export function upstreamHeadText(request: UpstreamRequest, framing: Framing, becomesWebSocket: boolean): string | null {
  const lines = requestLines(request.headers, framing);
  const headers: HeaderLines = becomesWebSocket
    ? [...lines, ["Connection", "Upgrade"], ["Upgrade", "websocket"]]
    : lines;
  try {
    return requestHeadText(request.method, request.target, headers, request.own);
  } catch (error) {
    if (error instanceof Failure) return null;
    throw error;
  }
}

/**
 * A request's lines as they go to an upstream, with the framing of the body that is really sent. A Content-Length keeps its place if it is
 * the framing, else it is added at the end. A request without a body has no framing line.
 */
function requestLines(headers: HeaderLines, framing: Framing): HeaderLines {
  const at = framingFieldAt(headers);
  if (framing.kind === "none") return at === -1 ? headers : headers.filter(([name]) => !isFramingField(name));
  const ours = framingLine(framing);
  const [replaced] = headers[at] ?? ours;
  const line: HeaderLine = replaced.length === ours[0].length ? [replaced, ours[1]] : ours;
  if (at === -1) return [...headers, line];
  return [...headers.slice(0, at), line, ...headers.slice(at + 1).filter(([name]) => !isFramingField(name))];
}

/** The index of the first framing field; -1: there is none. */
function framingFieldAt(headers: HeaderLines): number {
  let at = 0;
  for (const [name] of headers) {
    if (isFramingField(name)) return at;
    at += 1;
  }
  return -1;
}

function framingLine(framing: Exclude<Framing, { readonly kind: "none" }>): HeaderLine {
  return framing.kind === "length" ? ["Content-Length", String(framing.bytes)] : ["Transfer-Encoding", "chunked"];
}

/** The two have lengths that few other names have. */
function isFramingField(name: string): boolean {
  if (name.length === 14) return lowerCaseName(name) === "content-length";
  return name.length === 17 && lowerCaseName(name) === "transfer-encoding";
}

/** Which framing lines of an answer are true for the client too. A tunnel keeps Upgrade instead. */
export type KeptFraming = "length" | "chunked" | "none" | "tunnel";

/** 1 at the lengths of the names that `keeps` compares, so that only those are put in lower case. */
const comparedLengths = new Uint8Array(256);
for (const name of [
  "connection",
  "content-length",
  "http2-settings",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authentication-info",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]) {
  comparedLengths[name.length] = 1;
}

/**
 * An upstream's lines without those of its hop and those that its Connection names (RFC 9110 7.6.1), in order. Of the framing it keeps
 * what `kept` says: Content-Length, or Transfer-Encoding with Trailer.
 */
export function answerLines(lines: HeaderLines, kept: KeptFraming): HeaderLines {
  const nominated = nominatedBy(lines);
  const staying: HeaderLine[] = [];
  for (const line of lines) {
    const isCompared = nominated !== null || comparedLengths[line[0].length] === 1;
    if (!isCompared || keeps(lowerCaseName(line[0]), nominated, kept)) staying.push(line);
  }
  return staying;
}

function keeps(lower: string, nominated: ReadonlySet<string> | null, kept: KeptFraming): boolean {
  if (lower === "content-length") return kept === "length";
  if (nominated?.has(lower) === true && !alwaysKeeps(lower, kept)) return false;
  return !isHopByHop(lower) || alwaysKeeps(lower, kept);
}

function alwaysKeeps(lower: string, kept: KeptFraming): boolean {
  if (kept === "chunked") return lower === "transfer-encoding" || lower === "trailer";
  return kept === "tunnel" && lower === "upgrade";
}

/** How long the upstream keeps an idle connection, by the Keep-Alive field that many servers send; null: it does not say. */
export function keepAliveSeconds(lines: HeaderLines): number | null {
  const value = firstValue(lines, "keep-alive");
  if (value === null) return null;
  const seconds = /(?:^|[,;\s])timeout="?(\d{1,9})/i.exec(value)?.[1];
  return seconds === undefined ? null : Number(seconds);
}
