import { type HeaderLines, listMembers, withoutNames } from "./header-lines.ts";

/** Fields that belong to one connection (RFC 9110 7.6.1), the two framing ones of HTTP/1.1 and those still met in the wild. */
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

/** The end-to-end fields: without the hop-by-hop ones and without every field that any Connection line nominates (HDR-07, HDR-08). */
export function endToEnd(headers: HeaderLines): HeaderLines {
  const nominated = new Set(listMembers(headers, "connection"));
  return withoutNames(headers, (name) => hopByHop.has(name) || nominated.has(name));
}
