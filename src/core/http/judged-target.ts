import type { Provider } from "../provider.ts";

/** A request target, read once: what is matched, what is sent, and whether a public rule may speak about it at all. */
export interface JudgedTarget {
  readonly path: string; //                        as received
  readonly query: string | null; //                without "?"; null when there is none
  readonly decodedPath: string; //                 percent-decoded once; the path as it is when it can't be
  readonly plainPath: string; //                   decodedPath as many servers read it: without `;` parameters, slashes merged
  readonly neverPublic: string | null; //          why no public rule may let it in (decisions 12 and 36); null: it may
}

/** The longest request target that is served (DOS-03), and so the longest path that is matched against patterns (PATH-12), in characters. */
export const longestTarget = 8192;

/** Reads an origin-form target (RFC 9112 3.2.1). Never throws and never decodes twice. */
export function judgeTarget(target: string): JudgedTarget {
  const mark = target.indexOf("?");
  const path = mark === -1 ? target : target.slice(0, mark);
  const query = mark === -1 ? null : target.slice(mark + 1);
  if (plainlySpelled.test(path)) return { path, query, decodedPath: path, plainPath: path, neverPublic: null };
  const decoded = decodeOnce(path);
  const decodedPath = decoded ?? path;
  const plainPath = decodedPath.replace(/;[^/]*/g, "").replace(/\/{2,}/g, "/");
  return { path, query, decodedPath, plainPath, neverPublic: whyNeverPublic(path, decoded) };
}

/**
 * What nearly every path is: segments of characters that mean nothing, none empty but the last, none of dots alone. Everything below would
 * leave it as it is; this one look is a sixth of the time of theirs.
 */
const plainlySpelled = /^(?:\/(?!\.{1,2}(?:\/|$))[\w.~!$&'()*+,=:@-]+)*\/?$/;

/** The part of a provider that says which paths are public. */
export type PublicPaths = Pick<Provider, "mode" | "skipPaths" | "protectPaths">;

/** What the patterns of `provider` are searched in (decision 13): the decoded path, or in domain level the whole URL with its query. */
export function matchSubject(provider: PublicPaths, origin: string, judged: JudgedTarget): string {
  return subjectOf(provider, origin, judged.decodedPath, judged.query);
}

function subjectOf({ mode }: PublicPaths, origin: string, path: string, query: string | null): string {
  switch (mode) {
    case "proxy":
    case "forward_single":
      return path;
    case "forward_domain":
      return `${origin}${path}${query === null ? "" : `?${query}`}`;
  }
}

/** What the provider's patterns say of a target. Only `public` lets somebody in without a login. */
export type PathVerdict =
  | { readonly kind: "public"; readonly pattern: string }
  | { readonly kind: "protected"; readonly pattern: string } //  protect_path_regex wins over skip_path_regex
  | { readonly kind: "never_public"; readonly pattern: string; readonly reason: string } // a public pattern matched, but
  | { readonly kind: "unmatched" };

/**
 * `origin` is `scheme://host` of the request, host normalised; it counts in domain level only.
 * differs from authentik: a path must be public in the plain reading too, and is protected when it is so in either. `/admin;a.css` is
 * `/admin` to a servlet container, `/public//admin` is `/public/admin` to nginx.
 */
export function judgePath(provider: PublicPaths, origin: string, judged: JudgedTarget): PathVerdict {
  if (provider.skipPaths.patterns.length === 0) return { kind: "unmatched" };
  if (judged.decodedPath.length > longestTarget) return { kind: "unmatched" };
  const subject = matchSubject(provider, origin, judged);
  const pattern = provider.skipPaths.match(subject);
  if (pattern === null) return { kind: "unmatched" };
  if (judged.neverPublic !== null) return { kind: "never_public", pattern, reason: judged.neverPublic };
  const plain = subjectOf(provider, origin, judged.plainPath, judged.query);
  if (plain !== subject && provider.skipPaths.match(plain) === null) {
    return { kind: "never_public", pattern, reason: "is another path without its ; parameters or doubled slashes" };
  }
  const protecting = provider.protectPaths.match(subject) ?? provider.protectPaths.match(plain);
  return protecting === null ? { kind: "public", pattern } : { kind: "protected", pattern: protecting };
}

/** May a server read the path as one that leads out of its folder: `..`, escaped once or more, between slashes of any spelling? */
export function leadsUp(target: string): boolean {
  let path = target.split("?", 1)[0] ?? "";
  for (let round = 0; round < 3; round++) {
    path = path.replace(/%(25|2e|2f|3b|5c)/gi, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  }
  return /(?:^|[/\\])\.\.(?:[/\\;]|$)/.test(path);
}

/** Bytes above 0x7f may stand raw in a target; they are read as the UTF-8 they are, like their escapes. Null: not decodable. */
function decodeOnce(path: string): string | null {
  const escaped = path.replace(/[\u0080-\u00ff]/g, (byte) => `%${byte.charCodeAt(0).toString(16)}`);
  if (!escaped.includes("%")) return escaped;
  try {
    return decodeURIComponent(escaped);
  } catch {
    return null;
  }
}

/** Each row: a spelling that servers behind us are known to read differently, on the path as received. */
const suspectSpellings: readonly (readonly [RegExp, string])[] = [
  [/^\/\//, "begins with //"],
  [/%(?![0-9a-f]{2})/i, "holds a bad percent-escape"],
  [/%2f/i, "holds an encoded slash"],
  [/\\|%5c/i, "holds a backslash"],
  [/%25(?:2e|2f|5c|25)/i, "holds a double encoding"],
  [/#|%23/, "holds a #"],
  [/%3f/i, "holds an encoded ?"], //               a server that decodes before it splits the query off sees another path
  [/(?:\.|%2e)(?:;|%3b)|(?:;|%3b)(?:\.|%2e)/i, "holds dots beside a semicolon"],
];

/** Characters with a meaning in a path, still escaped after one decoding, however the first escape was spelled. */
const stillEscaped = /%(?:2[35ef]|3b|5c|7f|[01][0-9a-f])/i;

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const controlCharacter = /[\u0000-\u001f\u007f-\u009f]/;

function whyNeverPublic(path: string, decoded: string | null): string | null {
  for (const [spelling, reason] of suspectSpellings) if (spelling.test(path)) return reason;
  if (decoded === null) return "is not valid UTF-8";
  if (stillEscaped.test(decoded)) return "holds a double encoding";
  if (controlCharacter.test(decoded)) return "holds a control character";
  if (decoded.split("/").some((segment) => segment === "." || segment === "..")) return "holds a dot segment";
  return null;
}
