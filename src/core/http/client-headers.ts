import { remembered } from "../bounds/memory.ts";
import { isForwardedName } from "./forwarded.ts";
import type { HeaderLine, HeaderLines } from "./header-lines.ts";

/**
 * A header name in the spelling in which servers treat names as equal: lower case, with `-` for everything that is not a letter or a digit
 * (CGI and WSGI turn `-` into `_`; others fold `.` and more: HDR-03, HDR-04).
 */
export const foldedName: (name: string) => string = remembered((name) => name.toLowerCase().replace(/[^a-z0-9]/g, "-"));

/** Headers that make a rewriting upstream serve another path than the judged one (PATH-15), and the header of httpoxy (UPS-09). */
const steering: ReadonlySet<string> = new Set([
  "x-original-url",
  "x-original-uri",
  "x-original-method",
  "x-original-host",
  "x-rewrite-url",
  "x-forwarded-uri",
  "x-forwarded-method",
  "x-envoy-original-path",
  "proxy",
]);

/**
 * A client's headers without those that only akproxy or a trusted proxy may send (decisions 14 and 37): `x-authentik-*` in every spelling, every
 * name with an underscore, the steering headers, and the forwarded headers of an untrusted peer. Runs for every request on every path through
 * the code, before akproxy sets a header.
 */
export function acceptedHeaders(headers: HeaderLines, peer: "trusted" | "untrusted"): HeaderLines {
  const accepted: HeaderLine[] = [];
  for (const line of headers) {
    const senders = sendersOf(line[0]);
    if (senders === "all" || (senders === "trusted" && peer === "trusted")) accepted.push(line);
  }
  return accepted;
}

/** The peers that may send a header of this name. */
const sendersOf = remembered((name: string): "all" | "trusted" | "none" => {
  const lower = name.toLowerCase();
  const folded = foldedName(name);
  if (name.includes("_") || folded.startsWith("x-authentik-") || steering.has(folded)) return "none";
  if (!isForwardedName(folded)) return "all";
  return folded === lower ? "trusted" : "none";
});
