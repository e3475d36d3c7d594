import type { Provider } from "../provider.ts";
import { hasControlCharacter } from "./control-characters.ts";

/** A request target, read once: what akproxy matches, what it sends, and whether the path can be public. */
export interface JudgedTarget {
  readonly path: string; //                        as received
  readonly query: string | null; //                without "?"; null when there is none
  readonly decodedPath: string; //                 percent-decoded once; as received when it cannot be decoded
  readonly plainPath: string; //                   decodedPath as many servers read it: without `;` parameters, double slashes merged
  readonly neverPublic: string | null; //          why the path is never public (decisions 12 and 36); null: it can be
}

/** The longest request target that akproxy accepts (DOS-03), and so the longest path that patterns see (PATH-12), in characters. */
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
 * Nearly every path: segments of characters without a special meaning, none empty but the last, none of dots only. The checks below do not change
 * such a path; this one pattern takes a sixth of their time.
 */
const plainlySpelled = /^(?:\/(?!\.{1,2}(?:\/|$))[\w.~!$&'()*+,=:@-]+)*\/?$/;

/** The fields of a provider that decide which paths are public. */
export type PublicPaths = Pick<Provider, "mode" | "skipPaths" | "protectPaths">;

/** The text in which the patterns of `provider` are searched (decision 13): the decoded path, or in domain level the whole URL with its query. */
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

/** The result of the provider's patterns for a target. Only `public` grants access without a login. */
export type PathVerdict =
  | { readonly kind: "public"; readonly pattern: string }
  | { readonly kind: "protected"; readonly pattern: string } //  protect_path_regex wins over skip_path_regex
  | { readonly kind: "never_public"; readonly pattern: string; readonly reason: string } // a public pattern matched
  | { readonly kind: "unmatched" };

/**
 * `origin` is `scheme://host` of the request, with a normalised host; only domain level uses it.
 * differs from authentik: a path must be public as decodedPath and as plainPath, and is protected when it is protected as either. A servlet
 * container reads `/admin;a.css` as `/admin`; nginx reads `/public//admin` as `/public/admin`.
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

/** Can a server read the path as one that leaves its folder: `..`, escaped once or more, between slashes in any spelling? */
export function leadsUp(target: string): boolean {
  let path = target.split("?", 1)[0] ?? "";
  for (let round = 0; round < 3; round++) {
    path = path.replace(/%(25|2e|2f|3b|5c)/gi, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  }
  return /(?:^|[/\\])\.\.(?:[/\\;]|$)/.test(path);
}

/** Bytes above 0x7f may be raw in a target; they are decoded as UTF-8, like escapes. Null: cannot be decoded. */
function decodeOnce(path: string): string | null {
  const escaped = path.replace(/[\u0080-\u00ff]/g, (byte) => `%${byte.charCodeAt(0).toString(16)}`);
  if (!escaped.includes("%")) return escaped;
  try {
    return decodeURIComponent(escaped);
  } catch {
    return null;
  }
}

/** Spellings in the path as received that upstream servers are known to read in different ways. */
const suspectSpellings: readonly (readonly [RegExp, string])[] = [
  [/^\/\//, "begins with //"],
  [/%(?![0-9a-f]{2})/i, "contains a bad percent-escape"],
  [/%2f/i, "contains an encoded slash"],
  [/\\|%5c/i, "contains a backslash"],
  [/%25(?:2e|2f|5c|25)/i, "contains a double encoding"],
  [/#|%23/, "contains a #"],
  [/%3f/i, "contains an encoded ?"], //               a server that decodes before it splits off the query sees another path
  [/(?:\.|%2e)(?:;|%3b)|(?:;|%3b)(?:\.|%2e)/i, "contains dots beside a semicolon"],
];

/** Characters with a meaning in a path that are still escaped after one decoding. */
const stillEscaped = /%(?:2[35ef]|3b|5c|7f|[01][0-9a-f])/i;

function whyNeverPublic(path: string, decoded: string | null): string | null {
  for (const [spelling, reason] of suspectSpellings) if (spelling.test(path)) return reason;
  if (decoded === null) return "is not valid UTF-8";
  if (stillEscaped.test(decoded)) return "contains a double encoding";
  if (hasControlCharacter(decoded)) return "contains a control character";
  if (decoded.split("/").some((segment) => segment === "." || segment === "..")) return "contains a dot segment";
  return null;
}
