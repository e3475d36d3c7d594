import { type HeaderLine, type HeaderLines, lowerCaseName } from "../../core/http/header-lines.ts";
import type { Framing } from "../message/framing.ts";

/**
 * A request's lines as they go to an upstream: with the framing of the body that is really sent. A Content-Length stays where it stands
 * when that is the framing, and is added else; a request without a body has no framing line.
 */
export function framedLines(headers: HeaderLines, framing: Framing): HeaderLines {
  const at = framingFieldAt(headers);
  if (framing.kind === "none") return at === -1 ? headers : headers.filter(([name]) => !isFramingField(name));
  const ours = framingLine(framing);
  const [replaced] = headers[at] ?? ours;
  const line: HeaderLine = replaced.length === ours[0].length ? [replaced, ours[1]] : ours;
  if (at === -1) return [...headers, line];
  return [...headers.slice(0, at), line, ...headers.slice(at + 1).filter(([name]) => !isFramingField(name))];
}

/** Where the first framing field stands; -1: nowhere. */
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
