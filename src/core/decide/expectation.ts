import type { GivenUrl } from "../http/given-url.ts";
import type { Provider } from "../provider.ts";
import { type Because, type Decision, decide, judgedRequest, type Visitor } from "./decide.ts";

/** What a request gets, in the words of `expect.is`. `login`: nothing without a login. */
export type Access = "public" | "login" | "allowed" | "denied";

/** The decision of serve about a request that has no headers. */
export function decideAbout(
  { url, method, visitor }: { readonly url: GivenUrl; readonly method: string; readonly visitor: Visitor },
  provider: Provider,
): Decision {
  const { scheme, host, target } = url;
  return decide(judgedRequest({ method, scheme, host, headers: [] }, target), provider, visitor);
}

/** The word for a decision. On a public path it is `public`, also for a user who may enter. */
export function accessBy(decision: Decision, provider: Provider): Access {
  switch (decision.kind) {
    case "allow":
      return isPublic(decision.because, provider) ? "public" : "allowed";
    case "allow_public":
      return "public";
    case "denied":
      return "denied";
    case "login":
    case "unauthorized":
      return "login";
  }
}

function isPublic(because: Because, provider: Provider): boolean {
  if (because.kind === "skip_path_regex") return true;
  return because.kind === "rule" && provider.rules[because.number - 1]?.access.kind === "public";
}

/** The line of the config that decided, as a clause. Rules are counted from 1. */
export function becauseText(because: Because): string {
  switch (because.kind) {
    case "rule":
      return `rule ${because.number} decides`;
    case "skip_path_regex":
      return `skip_path_regex ${JSON.stringify(because.pattern)} matches`;
    case "protect_path_regex":
      return `protect_path_regex ${JSON.stringify(because.pattern)} matches, which wins over skip_path_regex`;
    case "never_public":
      return `skip_path_regex ${JSON.stringify(because.pattern)} matches, but the path ${because.reason}, so it is never public`;
    case "allow":
      return "allow decides";
    case "no_rule":
      return "no rule and no public path matches";
  }
}
