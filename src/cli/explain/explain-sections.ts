import { nearest } from "../../config/schema/nearest.ts";
import type { ExplainedDecision, Explanation } from "../../core/explain/explain.ts";
import type { ExplainedAnswer } from "../../core/explain/explain-answer.ts";
import type { RuleTrace } from "../../core/explain/explain-rules.ts";
import { printable } from "../../core/printable.ts";
import { foldedRow, type Row } from "./explain-rows.ts";

/** What becomes of the forwarded headers, a peer a row. */
export function trustRows(walks: Explanation["trust"]): readonly Row[] {
  return walks.map(({ peer, isTrusted, client, scheme, host, hops, refused }) => {
    const who = peer ?? (isTrusted ? "a trusted proxy" : "anybody else");
    if (!isTrusted)
      return foldedRow(
        "from",
        `${who}${peer === null ? "" : ", who is not trusted"}: ${untrusted(peer, host, scheme)}`,
      );
    const told = `${who}${peer === null ? "" : ", who is trusted"}: asked for ${scheme}://${host}, client ${client ?? "is the proxy itself"}`;
    const row = foldedRow("from", refused === null ? told : `${who}: refused, since ${refused}`);
    return {
      ...row,
      lines: [...row.lines, ...hops.map((hop) => printable(`  ${hop.text}: ${hopWords[hop.reading]}`))],
    };
  });
}

function untrusted(peer: string | null, host: string, scheme: string): string {
  return `forwarded headers are dropped, asked for ${scheme}://${host}, client is ${peer ?? "the peer itself"}`;
}

const hopWords = {
  "trusted proxy": "a trusted proxy, read on",
  client: "the client: the first from the right that is not trusted",
  "no address": "no address, nothing beyond it is believed",
  "not read": "not read",
} as const;

/** The host that no provider has, and those there are. */
export function hostRows(host: string, hosts: readonly string[]): readonly Row[] {
  const close = nearest(host, hosts);
  return [
    foldedRow("host", `${host}: no provider has it`),
    ...(close === null ? [] : [foldedRow("", `did you mean ${close}?`)]),
    foldedRow("hosts", hosts.join(", ")),
  ];
}

/** The rules, one a line. */
export function ruleRows({ rules, because }: ExplainedDecision): readonly Row[] {
  if (rules.length === 0) return [];
  const isDecisive = ({ number }: RuleTrace) => because.kind === "rule" && because.number === number;
  const lines = rules.map(
    (rule) =>
      `${rule.number}  ${accessText(rule.access)}: ${matchWords[rule.match]}${isDecisive(rule) ? ", and decides" : ""}`,
  );
  return [{ label: "rules", lines: lines.map(printable), sgr: null }];
}

const matchWords: Readonly<Record<RuleTrace["match"], string>> = {
  matches: "matches",
  other_host: "about another host",
  other_method: "about another method",
  other_path: "about another path",
  not_told: "may be meant by this spelling of the path",
  never_opens: "never opens this spelling of a path",
  not_reached: "not reached",
};

function accessText(access: RuleTrace["access"]): string {
  if (access.kind !== "allow") return access.kind;
  const { groups, users, emails, emailDomains } = access.allow;
  return `allow ${[...groups, ...users, ...emails, ...emailDomains.map((domain) => `@${domain}`)].join(", ")}`;
}

/** The answers, those that are the same together. */
export function answerRows(answers: readonly ExplainedAnswer[]): readonly Row[] {
  const [first] = answers;
  if (first?.to === "browser") return [foldedRow("answer", answerText(first))];
  const byText = new Map<string, string[]>();
  for (const answer of answers) {
    const text = answerText(answer);
    byText.set(text, [...(byText.get(text) ?? []), answer.to]);
  }
  return [...byText].map(([text, names], index) => {
    return foldedRow(
      index === 0 ? "answer" : "",
      byText.size === 1 ? `${text} (every dialect)` : `${names.join(", ")}: ${text}`,
    );
  });
}

function answerText({ status, what, location }: ExplainedAnswer): string {
  return `${status === null ? "" : `${status} `}${what}${location === null ? "" : `: ${location}`}`;
}
