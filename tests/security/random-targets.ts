/** Pseudo-random numbers in [0, 1) from a seed (mulberry32), so that a failing case can be made again. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function pick<Item>(random: () => number, items: readonly Item[]): Item {
  // as: the index is below the length, and no list here is empty
  return items[Math.floor(random() * items.length)] as Item;
}

const pieces = [
  "/",
  "/",
  "/",
  "//",
  "\\",
  "public",
  "admin",
  "a",
  "B",
  ".",
  "..",
  "...",
  ";",
  ";x=1",
  ":",
  "@",
  "&",
  "=",
  "+",
  "~",
  "*",
  "!",
  "'",
  "%2e",
  "%2E",
  "%2f",
  "%5c",
  "%5C",
  "%00",
  "%0a",
  "%0d%0a",
  "%09",
  "%20",
  "%23",
  "%3f",
  "%3F",
  "%3b",
  "%25",
  "%252e",
  "%252f",
  "%25%32%65",
  "%c0%af",
  "%c0%ae",
  "%e0%80%af",
  "%ff",
  "%c3%a9",
  "%zz",
  "%",
  "%4",
  "%u002e",
  "\u00c3\u00a9",
  "\u00ff",
  "|",
  "^",
  "`",
  "{",
  "}",
  "[",
  "]",
  '"',
  "<",
  ">",
  "?",
  "?",
  "$",
  ",",
  "outpost.goauthentik.io",
  "ping",
  "start",
  "callback",
  "sign_out",
  "X-authentik-logout=true",
  "X-authentik-auth-callback=true&state=a&code=b",
  "http:",
  "app.test",
  "evil.test",
  "%70ublic",
  "%61",
] as const;

/** A request target without spaces, controls and `#`, which are refused by themselves: a slash, then pieces that parsers differ about. */
export function randomTarget(random: () => number): string {
  const count = 1 + Math.floor(random() * 9);
  return `/${Array.from({ length: count }, () => pick(random, pieces)).join("")}`;
}
