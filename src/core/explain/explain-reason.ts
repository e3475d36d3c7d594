import { mayEnter } from "../decide/access.ts";
import { becauseText } from "../decide/expectation.ts";
import type { Identity } from "../identity.ts";
import type { Allow, Provider } from "../provider.ts";
import type { ExplainedDecision } from "./explain.ts";

/** The reason of a decision as a clause: the line of the config, and what is ambiguous about it. */
export function reasonText(decided: ExplainedDecision, provider: Provider): string {
  const { because, is } = decided;
  if (because.kind === "no_rule" && is === "allowed") return "every logged-in user may enter: there is no allow";
  const allow = because.kind === "allow" ? provider.allow : ruleAllow(decided);
  const named = allow === null ? "" : namedText(decided, allow);
  return `${becauseText(because)}${ambiguityText(decided)}${named}`;
}

function ruleAllow({ because, rules }: ExplainedDecision): Allow | null {
  const access = because.kind === "rule" ? rules[because.number - 1]?.access : undefined;
  return access?.kind === "allow" ? access.allow : null;
}

function ambiguityText({ because, neverPublic, rules }: ExplainedDecision): string {
  const decisive = because.kind === "rule" ? rules[because.number - 1] : undefined;
  if (decisive?.match !== "not_told") return "";
  const why = neverPublic ?? "is another path without its ; parameters or doubled slashes";
  return `: the path ${why}, so the rule may be about it`;
}

function namedText({ visitor, is }: ExplainedDecision, allow: Allow): string {
  if (visitor.kind !== "known" || is === "public") return "";
  const entry = entryOf(visitor.identity, allow);
  return entry === null ? missText(visitor.identity, allow) : `, by ${entry}`;
}

function missText(identity: Identity, allow: Allow): string {
  const isAboutEmails = allow.emails.length + allow.emailDomains.length > 0;
  const email = isAboutEmails && identity.emailVerified === false ? ", and the email address is not verified" : "";
  const claims = Object.keys(allow.claims).length > 0 ? " or claims" : "";
  return `; it lists neither the user nor one of the user's groups${claims}${email}`;
}

/** The first entry of `allow` that alone would let this user enter. */
function entryOf(identity: Identity, allow: Allow): string | null {
  const empty: Allow = { groups: [], users: [], emails: [], emailDomains: [], claims: {} };
  const lists = [
    ["groups", "group"],
    ["users", "user"],
    ["emails", "email"],
    ["emailDomains", "email domain"],
  ] as const;
  for (const [key, word] of lists) {
    const entry = allow[key].find((one) => mayEnter(identity, { ...empty, [key]: [one] }));
    if (entry !== undefined) return `${word} ${JSON.stringify(entry)}`;
  }
  for (const [name, values] of Object.entries(allow.claims)) {
    const value = values.find((one) => mayEnter(identity, { ...empty, claims: { [name]: [one] } }));
    if (value !== undefined) return `claim ${name} ${JSON.stringify(value)}`;
  }
  return null;
}
