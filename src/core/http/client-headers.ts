import { remembered } from "../bounds/memory.ts";
import { isForwardedName } from "./forwarded.ts";
import type { HeaderLine, HeaderLines } from "./header-lines.ts";

/**
 * The one spelling in which servers fold header names together: lower case, everything that is no letter or digit a `-`
 * (CGI and WSGI turn `-` into `_`; others fold `.` and more: HDR-03, HDR-04).
 */
export const foldedName: (name: string) => string = remembered((name) => name.toLowerCase().replace(/[^a-z0-9]/g, "-"));

/** Names that steer a rewriting server behind us away from the path that was judged (PATH-15), and httpoxy's (UPS-09). */
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
 * A client's headers without anything that only akproxy or a trusted proxy may say (decisions 14 and 37): the whole `x-authentik-*`
 * namespace in every spelling, every name with an underscore, steering headers, and an untrusted peer's forwarded facts.
 * Runs on every request in every branch, before anything is set.
 */
export function believableHeaders(headers: HeaderLines, peer: "trusted" | "untrusted"): HeaderLines {
  const believed: HeaderLine[] = [];
  for (const line of headers) {
    const say = whoMaySay(line[0]);
    if (say === "anybody" || (say === "trusted" && peer === "trusted")) believed.push(line);
  }
  return believed;
}

const whoMaySay = remembered((name: string): "anybody" | "trusted" | "nobody" => {
  const lower = name.toLowerCase();
  const folded = foldedName(name);
  if (name.includes("_") || folded.startsWith("x-authentik-") || steering.has(folded)) return "nobody";
  if (!isForwardedName(folded)) return "anybody";
  return folded === lower ? "trusted" : "nobody";
});
