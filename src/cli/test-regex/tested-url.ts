import type { Because } from "../../core/decide/decide.ts";
import { type Access, accessBy, decideAbout } from "../../core/decide/expectation.ts";
import type { GivenUrl } from "../../core/http/given-url.ts";
import { judgePath, matchSubject, type PublicPaths } from "../../core/http/judged-target.ts";
import type { Provider } from "../../core/provider.ts";

/** What an anonymous navigation to one URL gets. */
export interface TestedUrl {
  readonly url: string; //                         as given
  readonly searched: string; //                    the text that patterns are searched in
  readonly pattern: string | null; //              the pattern that decided or matched; null: none
  readonly verdict: Exclude<Access, "allowed">;
  readonly reason: string; //                      in words
}

/** The decision of serve about an anonymous navigation to `url`: the provider's rules count, too. */
export function testByProvider(url: GivenUrl, provider: Provider): TestedUrl {
  const { scheme, host, target } = url;
  const decision = decideAbout({ url, method: "GET", visitor: { kind: "anonymous" } }, provider);
  const access = accessBy(decision, provider);
  const { pattern, reason } = inWords(decision.because);
  const searched = matchSubject(provider, `${scheme}://${host}`, target);
  return { url: url.given, searched, pattern, verdict: access === "allowed" ? "public" : access, reason };
}

/** The same for public paths without a provider. */
export function testByPatterns(url: GivenUrl, paths: PublicPaths): TestedUrl {
  const origin = `${url.scheme}://${url.host}`;
  const path = judgePath(paths, origin, url.target);
  const { pattern, reason } = inWords(becauseOf(path));
  const searched = matchSubject(paths, origin, url.target);
  return { url: url.given, searched, pattern, verdict: path.kind === "public" ? "public" : "login", reason };
}

function becauseOf(path: ReturnType<typeof judgePath>): Because {
  switch (path.kind) {
    case "public":
      return { kind: "skip_path_regex", pattern: path.pattern };
    case "protected":
      return { kind: "protect_path_regex", pattern: path.pattern };
    case "never_public":
      return path;
    case "unmatched":
      return { kind: "no_rule" };
  }
}

function inWords(because: Because): { readonly pattern: string | null; readonly reason: string } {
  switch (because.kind) {
    case "rule":
      return { pattern: null, reason: `rule ${because.number} decides` };
    case "skip_path_regex":
      return { pattern: because.pattern, reason: "the pattern matches" };
    case "protect_path_regex":
      return { pattern: because.pattern, reason: "protect_path_regex wins over skip_path_regex" };
    case "never_public":
      return { pattern: because.pattern, reason: `the path ${because.reason}, so it is never public` };
    case "allow":
    case "no_rule":
      return { pattern: null, reason: "no pattern matches" };
  }
}
