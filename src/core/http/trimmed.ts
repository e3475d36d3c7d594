/** SP and HTAB, which may stand around a field value and between its parts (RFC 9110 5.6.3: OWS). */
export function isBlank(char: string): boolean {
  return char === " " || char === "\t";
}

/** `text` without what `isDropped` says of at both its ends. By a loop: a pattern with `+$` takes quadratic time on 32 KiB of spaces. */
export function trimmed(text: string, isDropped: (char: string) => boolean): string {
  let [start, end] = [0, text.length];
  while (start < end && isDropped(text.charAt(start))) start++;
  while (end > start && isDropped(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}
