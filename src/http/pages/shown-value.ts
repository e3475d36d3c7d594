/**
 * Control characters, and the marks that change the direction of text. With them a value could forge lines of a plain text answer, or be
 * read as another value (Unicode TR36; "trojan source", CVE-2021-42574).
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern searches for control characters
const misleading = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** A foreign value as a page may show it: on one line, free of control and direction marks, at most `limit` characters. */
export function shownValue(value: string, limit: number): string {
  const characters = Array.from(value.toWellFormed().replace(misleading, "\ufffd"));
  return characters.length <= limit ? characters.join("") : `${characters.slice(0, limit - 1).join("")}…`;
}

/** `href` if a link may point there (this page, a path of this host, http: or https:), else null: the page has no link. */
export function linkTarget(href: string): string | null {
  return /^(?:$|\/(?![/\\])|https?:\/\/)/.test(href) && shownValue(href, href.length + 1) === href ? href : null;
}

/** `time` (seconds since the epoch) as `2026-11-24 06:05:10 UTC`. */
export function shownTime(time: number): string {
  return `${new Date(time * 1000).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
