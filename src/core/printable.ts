/**
 * `text` for a terminal or a log: each control character is an escape such as `\u001b`. Texts of issuers, clients and users may contain
 * sequences that move the cursor or change what is on the screen.
 */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
