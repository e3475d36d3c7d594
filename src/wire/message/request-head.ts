import type { HeaderLines } from "../../core/http/header-lines.ts";
import { hostKey, parseHost } from "../../core/http/host.ts";
import { type Framing, keepsAlive, requestFraming, upgradeOf } from "./framing.ts";
import { readHeadText, textHasBareLineFeed } from "./head-text.ts";
import { endOfToken, isLineEnd, isTokenByte, readFields } from "./header-block.ts";

/** An accepted request head. Strings are latin1: one UTF-16 unit a byte. */
export interface RequestHead {
  readonly method: string; //                      a token as sent; CONNECT is refused, TRACE is not
  readonly target: string; //                      origin-form as sent, or `*` of OPTIONS; from an absolute-form its path and query
  readonly version: "1.0" | "1.1";
  readonly headers: HeaderLines; //                with Host, exactly one and valid
  readonly framing: Framing;
  readonly keepAlive: boolean; //                  the client wants to keep the connection open
  readonly expectsContinue: boolean; //            100-continue, and the request has content
  readonly upgrade: string | null; //              Upgrade, if Connection names it
}

/** The limits of a head. The bytes include the first line and the empty line. */
export interface RequestHeadLimits {
  readonly headBytes: number;
  readonly targetChars: number;
  readonly fields: number;
}

/** Why a head is refused. The connection must be closed after the answer. `reason` contains no field value. */
export interface RequestRefused {
  readonly kind: "refused";
  readonly status: 400 | 414 | 417 | 431 | 501 | 505;
  readonly reason: string;
}

/** The result of reading a head. */
export type RequestReading =
  | { readonly kind: "incomplete"; readonly searchedTo: number }
  | RequestRefused
  | { readonly kind: "head"; readonly head: RequestHead; readonly end: number };

const longestMethod = 32;

/**
 * Reads the request head in `bytes` from `from` to `to`. `incomplete`: call again with more bytes and its `searchedTo` (offsets of the same
 * buffer). `end` is where the content begins. A head that two parsers could read in two ways is refused (RFC 9112 2 to 7; HTTP-01,
 * HTTP-03). One empty line before the request is skipped (RFC 9112 2.2).
 */
export function readRequestHead(
  bytes: Buffer,
  from: number,
  to: number,
  limits: RequestHeadLimits,
  searchedTo = from,
): RequestReading {
  const start = afterEmptyLine(bytes, from, to);
  if (start >= to) return { kind: "incomplete", searchedTo: from };
  if (!isTokenByte(bytes[start] ?? 0)) return refused(400, "the request does not begin with a method");
  const found = readHeadText(bytes, start, to, searchedTo, limits.headBytes);
  switch (found.kind) {
    case "incomplete":
      return found;
    case "bare_line_feed":
      return bareLineFeed;
    case "too_long":
      return found.within === "first line"
        ? refused(414, "the request line is too long")
        : refused(431, `a head of more than ${limits.headBytes} bytes`);
    case "text": {
      const head = parseHead(found.text, limits);
      if (!("kind" in head)) return { kind: "head", head, end: found.end };
      return textHasBareLineFeed(found.text) ? bareLineFeed : head;
    }
  }
}

/** Returns `to` if the bytes so far may still become an empty line. */
function afterEmptyLine(bytes: Buffer, from: number, to: number): number {
  if (from >= to || bytes[from] !== 0x0d) return from;
  if (from + 1 === to) return to;
  return bytes[from + 1] === 0x0a ? from + 2 : from;
}

function parseHead(text: string, limits: RequestHeadLimits): RequestHead | RequestRefused {
  const line = readRequestLine(text, limits.targetChars);
  if ("kind" in line) return line;
  const { method, version } = line;
  const fields = readFields(text, line.end, limits.fields);
  if (fields.kind === "refused") return fields;
  // RFC 9112 3.2: 400 without exactly one valid Host. In HTTP/1.0 too, since Host selects the provider
  if (fields.host === null || parseHost(fields.host) === null) return refused(400, "not exactly one valid Host");
  const target = readTarget(method, line.target, fields.host);
  if (target.kind === "refused") return refused(400, target.reason);
  const framing = requestFraming(fields, version);
  if (framing.kind === "refused") return refused(400, framing.reason);
  const expects = fields.expect !== null;
  if (expects && fields.expect?.toLowerCase() !== "100-continue") return refused(417, "an unknown expectation");
  return {
    method,
    target: target.target,
    version,
    headers: fields.lines,
    framing,
    keepAlive: keepsAlive(fields.connection, version),
    // RFC 9110 10.1.1: ignored in HTTP/1.0, which has no 100
    expectsContinue: expects && version === "1.1" && hasContent(framing),
    upgrade: upgradeOf(fields, version),
  };
}

/** Does the message have content: chunked, or a length above 0? */
export function hasContent(framing: Framing): boolean {
  return framing.kind === "chunked" || (framing.kind === "length" && framing.bytes > 0);
}

interface RequestLine {
  readonly method: string;
  readonly target: string;
  readonly version: "1.0" | "1.1";
  readonly end: number; //                         offset after its CRLF
}

function readRequestLine(text: string, targetChars: number): RequestLine | RequestRefused {
  const methodEnd = endOfToken(text, 0);
  if (text.charCodeAt(methodEnd) !== 0x20) return refused(400, "the method is not a token followed by one space");
  const method = text.slice(0, methodEnd);
  // RFC 9112 3: 501 for a method that is longer than any known one
  if (methodEnd > longestMethod) return refused(501, `a method of more than ${longestMethod} characters`);
  if (method === "CONNECT") return refused(501, "CONNECT is not served");
  const targetStart = methodEnd + 1;
  const targetEnd = endOfTarget(text, targetStart);
  if (targetEnd === targetStart) return refused(400, "no target");
  if (targetEnd - targetStart > targetChars) return refused(414, `a target of more than ${targetChars} characters`);
  if (text.charCodeAt(targetEnd) !== 0x20) return refused(400, "the target contains an invalid byte");
  const version = versionAt(text, targetEnd + 1);
  if (version === null) return refused(400, "no HTTP version follows the target");
  if (version === "other") return refused(505, "neither HTTP/1.1 nor HTTP/1.0");
  const target = text.slice(targetStart, targetEnd);
  return { method, target, version, end: targetEnd + 11 };
}

/** The index of the first space, control byte, DEL or `#`. Bytes above 0x7f are valid: browsers do not send them, but programs do. */
function endOfTarget(text: string, at: number): number {
  let end = at;
  for (;;) {
    const byte = text.charCodeAt(end);
    if (!(byte > 0x20) || byte === 0x23 || byte === 0x7f) return end;
    end += 1;
  }
}

const anyVersion = /^HTTP\/[0-9]\.[0-9]$/;

function versionAt(text: string, at: number): "1.0" | "1.1" | "other" | null {
  if (!isLineEnd(text, at + 8)) return null;
  const version = text.slice(at, at + 8);
  if (version === "HTTP/1.1") return "1.1";
  if (version === "HTTP/1.0") return "1.0";
  return anyVersion.test(version) ? "other" : null;
}

const bareLineFeed: RequestRefused = { kind: "refused", status: 400, reason: "a line ends in LF without CR" };

function refused(status: RequestRefused["status"], reason: string): RequestRefused {
  return { kind: "refused", status, reason };
}

/** The target to judge and send: origin-form, or `*` of OPTIONS; or why it is refused. */
export type TargetReading =
  | { readonly kind: "target"; readonly target: string }
  | { readonly kind: "refused"; readonly reason: string };

const absoluteForm = /^(https?):\/\/([^/?]*)(.*)$/i;

/**
 * Reads a request target (RFC 9112 3.2) whose bytes are valid. Origin-form stays as sent. Absolute-form becomes origin-form if its authority
 * equals `host`. In RFC 9112 3.2.2 the target wins over Host; here a request with two names is refused.
 */
export function readTarget(method: string, target: string, host: string): TargetReading {
  if (target.charCodeAt(0) === 0x2f || (target === "*" && method === "OPTIONS")) return { kind: "target", target };
  const [, scheme = "", authority = "", rest = ""] = absoluteForm.exec(target) ?? [];
  if (scheme === "") return { kind: "refused", reason: "the target is neither a path nor an http or https URL" };
  const key = (value: string) => {
    const parsed = parseHost(value);
    return parsed === null ? null : hostKey(parsed, scheme.toLowerCase() === "https" ? "https" : "http");
  };
  const named = key(authority);
  if (named === null || named !== key(host))
    return { kind: "refused", reason: "the authority of the target differs from Host" };
  if (rest.startsWith("/")) return { kind: "target", target: rest };
  return { kind: "target", target: method === "OPTIONS" && rest === "" ? "*" : `/${rest}` };
}
