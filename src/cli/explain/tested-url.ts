import { type Because, decide } from "../../core/decide/decide.ts";
import type { GivenUrl } from "../../core/http/given-url.ts";
import { judgePath, matchSubject, type PublicPaths } from "../../core/http/judged-target.ts";
import type { Provider } from "../../core/provider.ts";

/** What became of one URL. */
export interface TestedUrl {
  readonly url: string; //                         as given
  readonly searched: string; //                    the string that patterns are searched in
  readonly pattern: string | null; //              the one that decided or that was found; null: none
  readonly verdict: "public" | "login" | "denied";
  readonly reason: string; //                      why, in words
}

/** What serve decides of an anonymous visitor's navigation to `url`: its rules count, too. */
export function testByProvider(url: GivenUrl, provider: Provider): TestedUrl {
  const { scheme, host, target } = url;
  const request = { method: "GET", scheme, host, target, isNavigation: true };
  const decision = decide(request, provider, { kind: "anonymous" });
  const { pattern, reason } = inWords(decision.because);
  const searched = matchSubject(provider, `${scheme}://${host}`, target);
  return { url: url.given, searched, pattern, verdict: verdictOf(decision.kind), reason };
}

/** The same for public paths that belong to no provider. */
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

function verdictOf(kind: ReturnType<typeof decide>["kind"]): TestedUrl["verdict"] {
  switch (kind) {
    case "allow":
    case "allow_public":
      return "public";
    case "denied":
      return "denied";
    case "login":
    case "unauthorized":
      return "login";
  }
}

function inWords(because: Because): { readonly pattern: string | null; readonly reason: string } {
  switch (because.kind) {
    case "rule":
      return { pattern: null, reason: `rule ${because.number} says so` };
    case "skip_path_regex":
      return { pattern: because.pattern, reason: "the pattern is found" };
    case "protect_path_regex":
      return { pattern: because.pattern, reason: "protect_path_regex wins over skip_path_regex" };
    case "never_public":
      return { pattern: because.pattern, reason: `the path ${because.reason}, so no pattern may make it public` };
    case "allow":
    case "no_rule":
      return { pattern: null, reason: "no pattern is found" };
  }
}
