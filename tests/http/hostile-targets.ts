import { dialects } from "../../src/core/forward-auth/dialects.ts";

const prefix = "/outpost.goauthentik.io";

const paths = [
  ...["start", "callback", "sign_out", "ping", "backchannel-logout", "frontchannel-logout"].map(
    (name) => `${prefix}/${name}`,
  ),
  ...dialects.map(({ path }) => path),
  `${prefix}/auth/envoy/page`,
  "/page",
];

const queries = [
  "",
  "",
  "?",
  "?x=1",
  "?/outpost.goauthentik.io/ping",
  "?X-authentik-logout=true",
  "?%58-authentik-logout=TRUE",
  "?X-authentik-auth-callback=true&state=s&code=c",
  "?X-authentik-auth-callback=true&state=s&error=e",
  "?X-authentik-auth-callback=true&state=s",
  "?X-authentik-auth-callback=true&state=s&code=c&X-authentik-logout=true",
];

type Random = (below: number) => number;

const at = (text: string, random: Random, insert: string): string => {
  const place = random(text.length + 1);
  return `${text.slice(0, place)}${insert}${text.slice(place)}`;
};

const escaped = (text: string, place: number, spelled: (hex: string) => string): string =>
  `${text.slice(0, place)}${spelled(text.charCodeAt(place).toString(16))}${text.slice(place + 1)}`;

/** Each makes of a path one that a careless router, or a server behind it, may read as the same. */
const spellings: readonly ((path: string, random: Random) => string)[] = [
  (path) => path,
  (path) => `${path}/`,
  (path) => `${path}//`,
  (path) => `/${path}`,
  (path) => `/.${path}`,
  (path) => `/x/..${path}`,
  (path) => `/x/%2e%2e${path}`,
  (path) => `${path}/.`,
  (path) => `${path}/..`,
  (path) => `${path}/../ping`,
  (path) => `${path};x=1`,
  (path) => `${path}%00`,
  (path) => `${path}%3f`,
  (path) => `${path}%3Fx=1`,
  (path) => `${path}%2f`,
  (path) => `${path}%20`,
  (path) => `${path}*`,
  (path) => `${path}/*`,
  (path) => `${path}:x`,
  (path) => path.slice(1),
  (path) => path.toUpperCase(),
  (path) => path.replace("outpost", "Outpost"),
  (path) => path.replaceAll("/", "\\"),
  (path) => path.replaceAll("/", "%2f"),
  (path) => path.replaceAll("/", "%252f"),
  (path) => path.replace(".", "%2e"),
  (path) => path.replace("_", "-"),
  (path) => `http://localhost${path}`,
  (path) => `//localhost${path}`,
  (path) => `${path}#`,
  (path) => `${path}\u00e9`,
  (path) => `${path}\u00c3\u00a9`,
  (path) => path.replace("o", "\u00f6"),
  (path, random) => at(path, random, "/"),
  (path, random) => at(path, random, "//"),
  (path, random) => at(path, random, "%"),
  (path, random) => at(path, random, "%2"),
  (path, random) => at(path, random, "+"),
  (path, random) => at(path, random, ":"),
  (path, random) => at(path, random, "/:dialect"),
  (path, random) => at(path, random, "*"),
  (path, random) => at(path, random, "\\"),
  (path, random) => at(path, random, ";"),
  (path, random) => at(path, random, "/./"),
  (path, random) => path.slice(0, random(path.length + 1)),
  (path, random) => escaped(path, random(path.length), (hex) => `%${hex}`),
  (path, random) => escaped(path, random(path.length), (hex) => `%${hex.toUpperCase()}`),
  (path, random) => escaped(path, random(path.length), (hex) => `%25${hex}`),
  (path, random) => escaped(path, random(path.length), (hex) => `%u00${hex}`),
  (path) => [...path].map((char) => (char === "/" ? char : `%${char.charCodeAt(0).toString(16)}`)).join(""),
];

const special = [
  "",
  "/",
  "*",
  "//",
  "/*",
  "/:path",
  "?",
  "/?",
  "/%",
  `/${"a".repeat(8192)}`,
  `${prefix}/${"../".repeat(2000)}ping`,
];

/** At least `count` request targets around akproxy's own paths, always the same ones. */
export function hostileTargets(count: number): readonly string[] {
  const random = numbers(20_261_201);
  const targets = new Set(special);
  for (const path of paths) {
    for (const spelling of spellings) for (const query of queries) targets.add(`${spelling(path, random)}${query}`);
  }
  while (targets.size < count) {
    const [path, first, second, query] = [paths, spellings, spellings, queries].map((list) => random(list.length));
    const once = spellings[first ?? 0]?.(paths[path ?? 0] ?? "", random) ?? "";
    targets.add(`${spellings[second ?? 0]?.(once, random)}${queries[query ?? 0]}`);
  }
  return [...targets];
}

/** The numbers of xorshift32. */
function numbers(seed: number): Random {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return below === 0 ? 0 : (state >>> 0) % below;
  };
}
