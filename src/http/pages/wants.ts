import { firstValue, type HeaderLines, listMembers } from "../../core/http/header-lines.ts";

/** The form in which a client wants akproxy's own answer. */
export type Wants = "html" | "json" | "text";

/**
 * The form that the sender of `headers` wants. A document load gets HTML whatever its Accept (Fetch Metadata, which only browsers send).
 * Otherwise the higher quality value of HTML and JSON in Accept decides (RFC 9110 12.5.1), HTML on a tie. If Accept names neither, a
 * script in a page gets JSON, and every other client gets text.
 */
export function wantsOf(headers: HeaderLines): Wants {
  const destination = firstValue(headers, "sec-fetch-dest")?.trim().toLowerCase() ?? null;
  if (destination === "document" || destination === "iframe" || destination === "frame") return "html";
  const ranges = listMembers(headers, "accept").map(rangeOf);
  const html = best(ranges, (type) => type === "text/html" || type === "application/xhtml+xml");
  const json = best(
    ranges,
    (type) => /^(?:application|text)\/(?:json|\*|[^;\s]+\+json)$/.test(type) && type !== "text/*",
  );
  if (html > 0 && html >= json) return "html";
  if (json > 0) return "json";
  const fromScript = destination === "empty" || isXmlHttpRequest(headers);
  return fromScript && best(ranges, (type) => type === "text/plain") === 0 ? "json" : "text";
}

function isXmlHttpRequest(headers: HeaderLines): boolean {
  return firstValue(headers, "x-requested-with")?.trim().toLowerCase() === "xmlhttprequest";
}

interface MediaRange {
  readonly type: string;
  readonly quality: number; // 0 to 1
}

/** A member of Accept; a quality that is not a number counts as 0 (not wanted). */
function rangeOf(member: string): MediaRange {
  const [type = "", ...parameters] = member.split(";").map((part) => part.trim());
  const weight = parameters.find((parameter) => parameter.startsWith("q="));
  if (weight === undefined) return { type, quality: 1 };
  return { type, quality: /^q=(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(weight) ? Number(weight.slice(2)) : 0 };
}

function best(ranges: readonly MediaRange[], fits: (type: string) => boolean): number {
  return Math.max(0, ...ranges.filter(({ type }) => fits(type)).map(({ quality }) => quality));
}
