import { remembered } from "../bounds/memory.ts";
import { type HeaderLine, type HeaderLines, listMembers, lowerCaseName, soleValue } from "./header-lines.ts";

/** Fields of one connection (RFC 9110 7.6.1), the two framing fields of HTTP/1.1, and old fields that clients still send. */
const hopByHop: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-authentication-info",
  "proxy-connection", //                           never a standard; sent by old clients
  "http2-settings",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Is this lower-case name a hop-by-hop or framing field by itself? */
export function isHopByHop(lowerCaseName: string): boolean {
  return hopByHop.has(lowerCaseName);
}

/** The end-to-end fields: without the hop-by-hop fields and without every field that a Connection line names (HDR-07, HDR-08). */
export function endToEnd(headers: HeaderLines): HeaderLines {
  const nominated = nominatedBy(headers);
  // a loop, as in all code that runs for every request: `filter` with its callback costs twice as much
  const kept: HeaderLine[] = [];
  for (const line of headers) {
    const [name] = line;
    if (!isOfOneHop(name) && nominated?.has(lowerCaseName(name)) !== true) kept.push(line);
  }
  return kept;
}

/** The names in Connection lines besides the hop-by-hop fields (RFC 9110 7.6.1), in lower case; null: none. */
export function nominatedBy(headers: HeaderLines): ReadonlySet<string> | null {
  const value = soleValue(headers, "connection");
  // nearly every message has one of these values, or no Connection line
  if (value === "" || value === "keep-alive" || value === "close") return null;
  const names = listMembers(headers, "connection").filter((name) => name !== "close" && !hopByHop.has(name));
  return names.length === 0 ? null : new Set(names);
}

const isOfOneHop = remembered((name) => isHopByHop(lowerCaseName(name)));
