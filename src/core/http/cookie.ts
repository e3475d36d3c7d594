import type { CookieScope } from "../provider.ts";
import { allValues, type HeaderLine, type HeaderLines, isBlank, isNamed, trimmed } from "./header-lines.ts";

/** One cookie of a request, the text between two semicolons: [name, value], with quotes and percent signs as sent. */
export type CookiePair = readonly [name: string, value: string];

/** How many cookies of one name are read: a planted cookie of the same name must neither log a user out nor cost much. */
const sameNameLimit = 4;

/**
 * Every cookie of the request, in order, with duplicates. Splits at `;`, trims only SP and HTAB, and splits name and value at the first `=`. Knows
 * no `$Version` rules, no quotes and no decoding; a cookie without a name is dropped. Never throws. RFC 6265bis 5.6 is laxer: a lax and a strict
 * reader that disagree about a name made it possible to spoof prefixed cookies.
 */
export function cookiePairs(headers: HeaderLines): readonly CookiePair[] {
  return allValues(headers, "cookie").flatMap((line) =>
    line.split(";").flatMap((segment) => {
      const pair = pairOf(segment);
      return pair === null ? [] : [pair];
    }),
  );
}

/** The values of the cookies named exactly `name`, in order, at most four. */
export function cookieValues(headers: HeaderLines, name: string): readonly string[] {
  const values: string[] = [];
  for (const [lineName, line] of headers) if (isNamed(lineName, "cookie")) addValues(values, line, name);
  return values;
}

/** Reads the line like `cookiePairs`, but parses only segments that contain the name: most cookies belong to other applications. */
function addValues(values: string[], line: string, name: string): void {
  for (let at = line.indexOf(name); at !== -1 && values.length < sameNameLimit; ) {
    const next = line.indexOf(";", at);
    const end = next === -1 ? line.length : next;
    const equals = at + name.length;
    if (line.charCodeAt(equals) === 0x3d && isBlankBetween(line, line.lastIndexOf(";", at) + 1, at)) {
      values.push(trimmedEnd(line, equals + 1, end));
    }
    at = line.indexOf(name, end);
  }
}

function isBlankBetween(line: string, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) if (!isBlank(line.charAt(at))) return false;
  return true;
}

function trimmedEnd(line: string, from: number, to: number): string {
  let end = to;
  while (end > from && isBlank(line.charAt(end - 1))) end -= 1;
  return line.slice(from, end);
}

/** Is this the name of a cookie of akproxy, of this or another provider? Case is ignored, because an upstream may ignore it. */
export function isOurCookieName(name: string): boolean {
  return /^(?:__host-|__secure-)?akproxy_/i.test(name);
}

/**
 * The header lines without the cookies for which `isOurs` is true (decision 16). The rest of each Cookie line stays byte for byte, and an empty
 * line is removed. `isOurs` gets names without the spaces and control characters around them, because an upstream may trim more than akproxy;
 * it gets a segment without `=` whole.
 */
export function withoutCookies(headers: HeaderLines, isOurs: (name: string) => boolean): HeaderLines {
  const kept: HeaderLine[] = [];
  for (const line of headers) {
    const rest = isNamed(line[0], "cookie") ? lineWithout(line, isOurs) : line;
    if (rest !== null) kept.push(rest);
  }
  return kept;
}

/** A Cookie line without ours; null when nothing is left. */
function lineWithout(line: HeaderLine, isOurs: (name: string) => boolean): HeaderLine | null {
  const [name, value] = line;
  const kept: string[] = [];
  let hasOurs = false;
  for (let start = 0; start <= value.length; ) {
    const next = value.indexOf(";", start);
    const end = next === -1 ? value.length : next;
    const segment = value.slice(start, end);
    if (isOurs(laxName(segment))) hasOurs = true;
    else kept.push(segment);
    start = end + 1;
  }
  if (!hasOurs) return line;
  if (kept.length === 0) return null;
  const rest = kept.join(";").replace(/^[ \t]+/, "");
  return /^[; \t]*$/.test(rest) ? null : [name, rest];
}

/**
 * A Set-Cookie value that gives a browser this cookie: Path=/, HttpOnly, SameSite=Lax, Secure and Domain by its scope.
 * `name` and `value` come from akproxy: token characters and base64url.
 */
export function setCookie(cookie: {
  readonly name: string;
  readonly value: string;
  readonly scope: CookieScope;
  readonly maxAgeSeconds: number;
}): string {
  const { name, value, scope, maxAgeSeconds } = cookie;
  return [
    `${name}=${value}`,
    "Path=/",
    ...(scope.domain === null ? [] : [`Domain=${scope.domain}`]),
    `Max-Age=${Math.max(0, Math.floor(maxAgeSeconds))}`,
    "HttpOnly",
    ...(scope.secure ? ["Secure"] : []),
    "SameSite=Lax",
  ].join("; ");
}

/** The Set-Cookie values that remove a cookie set with `scope`; with a Domain, also the one without, which a browser stores separately. */
export function clearCookie(name: string, scope: CookieScope): readonly string[] {
  const cleared = setCookie({ name, value: "", scope, maxAgeSeconds: 0 });
  if (scope.domain === null) return [cleared];
  return [cleared, setCookie({ name, value: "", scope: { ...scope, domain: null }, maxAgeSeconds: 0 })];
}

/**
 * The name under which a browser sends the cookie of a Set-Cookie value. A nameless `=akproxy_app=x` is sent as
 * `akproxy_app=x` (RFC 6265bis 5.8.3), so leading `=` are skipped.
 */
export function setCookieName(line: string): string {
  return laxName((line.split(";")[0] ?? "").replace(/^[=\s]+/, ""));
}

function pairOf(segment: string): CookiePair | null {
  const pair = trimmed(segment, isBlank);
  const equals = pair.indexOf("=");
  return equals < 1 ? null : [pair.slice(0, equals), pair.slice(equals + 1)];
}

/** The segment's name without the characters around it that are not visible ASCII. */
function laxName(segment: string): string {
  const equals = segment.indexOf("=");
  let [start, end] = [0, equals < 0 ? segment.length : equals];
  while (start < end && !isVisible(segment.charCodeAt(start))) start += 1;
  while (end > start && !isVisible(segment.charCodeAt(end - 1))) end -= 1;
  return segment.slice(start, end);
}

/** ASCII from `!` to `~`. */
function isVisible(unit: number): boolean {
  return unit > 0x20 && unit < 0x7f;
}
