/** Names met before, each in the one place that its looks give it. */
const places = new Array<string | undefined>(1024);
const longestKept = 64;

/**
 * The name that stands in `text` from `from` to `to`, as the string that it was the last time: nearly every name comes again with the next
 * message, and a new string for each is what most of a head's memory would be. Bounded, since strangers choose the names.
 */
export function fieldName(text: string, from: number, to: number): string {
  const length = to - from;
  if (length > longestKept) return text.slice(from, to);
  const middle = text.charCodeAt(from + (length >> 1));
  const place = (length + 31 * text.charCodeAt(from) + 131 * text.charCodeAt(to - 1) + 17 * middle) & 1023;
  const known = places[place];
  if (known !== undefined && known.length === length && text.startsWith(known, from)) return known;
  // a string of its own: a part of the head would keep all of the head
  const name = Buffer.from(text.slice(from, to), "latin1").toString("latin1");
  places[place] = name;
  return name;
}
