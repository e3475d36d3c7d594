import type { CookieScope } from "../provider.ts";
import { allValues, type HeaderLine, type HeaderLines, isBlank, isNamed, trimmed } from "./header-lines.ts";

/** One cookie of a request as it stands between two semicolons: [name, value], quotes and percent signs untouched. */
export type CookiePair = readonly [name: string, value: string];

/** How many cookies of one name are looked at (security: a tossed twin must not lock a visitor out, nor cost us much). */
const sameNameLimit = 4;

/**
 * Every cookie of the request, in order, duplicates kept. Splits on `;`, trims SP and HTAB and nothing else, takes the first `=`;
 * no `$Version` rules, no quotes, no decoding, what has no name is dropped. Never throws. RFC 6265bis 5.6 is laxer: a lax reader
 * and a strict one that disagree on a name is how prefixed cookies were spoofed.
 */
export function cookiePairs(headers: HeaderLines): readonly CookiePair[] {
  return allValues(headers, "cookie").flatMap((line) =>
    line.split(";").flatMap((segment) => {
      const pair = pairOf(segment);
      return pair === null ? [] : [pair];
    }),
  );
}

/** The values of the cookies called exactly `name`, in order, at most four. */
export function cookieValues(headers: HeaderLines, name: string): readonly string[] {
  const values: string[] = [];
  for (const [lineName, line] of headers) if (isNamed(lineName, "cookie")) addValues(values, line, name);
  return values;
}

/** As `cookiePairs` reads the line, but only what holds the name somewhere is taken apart: most cookies are another application's. */
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

/** Does akproxy make cookies of this name, for this or another provider? In any case, since an upstream may read them so. */
export function isOurCookieName(name: string): boolean {
  return /^(?:__host-|__secure-)?akproxy_/i.test(name);
}

/**
 * The header lines without the cookies that `isOurs` claims; the rest of each Cookie line stays byte for byte, a line with nothing
 * left goes (decision 16). Names are shown to `isOurs` without any space or control around them, because an upstream may trim
 * more than we do; a segment without `=` is shown whole.
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
 * `name` and `value` are ours: token characters and base64url.
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

/** The Set-Cookie values that remove a cookie set with `scope`; with a Domain also its host-only twin, which a browser keeps apart. */
export function clearCookie(name: string, scope: CookieScope): readonly string[] {
  const cleared = setCookie({ name, value: "", scope, maxAgeSeconds: 0 });
  if (scope.domain === null) return [cleared];
  return [cleared, setCookie({ name, value: "", scope: { ...scope, domain: null }, maxAgeSeconds: 0 })];
}

/**
 * The name under which the cookie of a Set-Cookie value comes back to us. A nameless `=akproxy_app=x` comes back as
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

/** The segment's name without anything around it that is no visible ASCII. */
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
