/**
 * Characters that a terminal or a log viewer may act on: control characters, line and paragraph separators, and the marks that change the
 * direction of text (CVE-2021-42574 shows how these mislead a reader).
 */
const activeCharacters = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/**
 * `text` for a terminal or a log: each active character is an escape such as `\u001b`. Texts of issuers, clients and users may contain
 * sequences that move the cursor or change what is on the screen.
 */
export function printable(text: string): string {
  return text.replace(activeCharacters, (active) => `\\u${active.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
