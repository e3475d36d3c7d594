import type { GivenUrl } from "../http/given-url.ts";
import { isNavigation } from "../http/navigation.ts";
import type { Provider } from "../provider.ts";
import { type Because, type Decision, decide, type Visitor } from "./decide.ts";

/** What a request can come to, in the words of `expect.is`. `login`: not without one. */
export type Outcome = "public" | "login" | "allowed" | "denied";

/** What `visitor` gets for `method url` at `provider`, and the line of the config that says so: the decision of serve. */
export function outcomeOf(
  asked: { readonly url: GivenUrl; readonly method: string; readonly visitor: Visitor },
  provider: Provider,
): { readonly is: Outcome; readonly because: Because } {
  const { method, url, visitor } = asked;
  const { scheme, host, target } = url;
  const request = { method, scheme, host, target, isNavigation: isNavigation(method, []) };
  const decision = decide(request, provider, visitor);
  return { is: outcomeIn(decision, provider), because: decision.because };
}

/** The word for a decision. Somebody who is let in where everybody is, is on a public path. */
export function outcomeIn(decision: Decision, provider: Provider): Outcome {
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
      return "no rule and no public path speaks of it";
  }
}
