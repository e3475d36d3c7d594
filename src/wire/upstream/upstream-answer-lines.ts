import { firstValue, type HeaderLine, type HeaderLines, lowerCaseName } from "../../core/http/header-lines.ts";
import { isHopByHop, nominatedBy } from "../../core/http/hop-by-hop.ts";

/** Which framing lines are true for the client too: a tunnel keeps Upgrade instead. */
export type KeptFraming = "length" | "chunked" | "none" | "tunnel";

/** 1 at the lengths of the names that are looked at, so that the others are not put in lower case. */
const lookedAt = new Uint8Array(256);
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
  lookedAt[name.length] = 1;
}

/**
 * An upstream's lines without those of its hop and those its Connection names (RFC 9110 7.6.1), in order. Of the framing stays what
 * `kept` says: Content-Length, or Transfer-Encoding with Trailer.
 */
export function answerLines(lines: HeaderLines, kept: KeptFraming): HeaderLines {
  const nominated = nominatedBy(lines);
  const staying: HeaderLine[] = [];
  for (const line of lines) {
    const isLookedAt = nominated !== null || lookedAt[line[0].length] === 1;
    if (!isLookedAt || stays(lowerCaseName(line[0]), nominated, kept)) staying.push(line);
  }
  return staying;
}

function stays(lower: string, nominated: ReadonlySet<string> | null, kept: KeptFraming): boolean {
  if (lower === "content-length") return kept === "length";
  if (nominated?.has(lower) === true && !staysAnyway(lower, kept)) return false;
  return !isHopByHop(lower) || staysAnyway(lower, kept);
}

function staysAnyway(lower: string, kept: KeptFraming): boolean {
  if (kept === "chunked") return lower === "transfer-encoding" || lower === "trailer";
  return kept === "tunnel" && lower === "upgrade";
}

/** How long the upstream keeps an idle connection, by the Keep-Alive field that many send; null: it does not say. */
export function keepAliveSeconds(lines: HeaderLines): number | null {
  const value = firstValue(lines, "keep-alive");
  if (value === null) return null;
  const seconds = /(?:^|[,;\s])timeout="?(\d{1,9})/i.exec(value)?.[1];
  return seconds === undefined ? null : Number(seconds);
}
