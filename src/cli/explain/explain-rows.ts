import { nearest } from "../../config/schema/nearest.ts";
import type { ExplainedDecision, Explanation } from "../../core/explain/explain.ts";
import type { ExplainedAnswer } from "../../core/explain/explain-answer.ts";
import type { RuleTrace } from "../../core/explain/explain-rules.ts";
import type { HeaderLines } from "../../core/http/header-lines.ts";
import { printable } from "../../core/printable.ts";
import { paint } from "../terminal.ts";

/** A step of an explanation: a label, and the lines beside it. `sgr` colours the first word. */
export interface Row {
  readonly label: string;
  readonly lines: readonly string[];
  readonly sgr: string | null;
}

const labelWidth = 10;
const lineWidth = 80;

/** A row whose text is wrapped at spaces to fit a terminal of 80 columns. */
export function foldedRow(label: string, text: string, sgr: string | null = null): Row {
  return { label, lines: folded(printable(text), lineWidth - labelWidth - 2), sgr };
}

/** The rows, their texts in one column. */
export function rowsText(rows: readonly Row[]): string {
  return rows
    .flatMap(({ label, lines, sgr }) =>
      lines.map((line, index) => {
        const begin = index === 0 ? paint("2", label.padEnd(labelWidth), process.stdout) : " ".repeat(labelWidth);
        return `  ${begin}${index === 0 && sgr !== null ? coloured(line, sgr) : line}`.trimEnd();
      }),
    )
    .join("\n");
}

/** Header lines, indented by two spaces. A header without a value is sent, too. */
export function headerRows(lines: HeaderLines): readonly string[] {
  return lines.map(([name, value]) => `  ${name}: ${printable(value)}`.trimEnd());
}

/** Lines of at most `width` columns. A word that is longer stays whole. */
export function folded(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && Bun.stringWidth(longer) > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}

function coloured(line: string, sgr: string): string {
  const end = line.search(/[: ]|$/);
  return paint(sgr, line.slice(0, end), process.stdout) + line.slice(end);
}

/** How akproxy reads the forwarded headers, one row for each peer. */
export function trustRows(walks: Explanation["trust"]): readonly Row[] {
  return walks.map(({ peer, isTrusted, client, scheme, host, hops, refused }) => {
    const name = peerText(peer, isTrusted);
    const facts = `URL ${scheme}://${host}, client ${client ?? peer ?? "the peer itself"}`;
    if (!isTrusted) return foldedRow("peer", `${name}: forwarded headers are dropped, ${facts}`);
    const row = foldedRow("peer", refused === null ? `${name}: ${facts}` : `${name}: refused, because ${refused}`);
    const hopLines = hops.map((hop) => printable(`  ${hop.text}: ${hopWords[hop.reading]}`));
    return { ...row, lines: [...row.lines, ...hopLines] };
  });
}

function peerText(peer: string | null, isTrusted: boolean): string {
  if (peer === null) return isTrusted ? "a trusted proxy" : "any other peer";
  return `${peer} (${isTrusted ? "trusted proxy" : "not trusted"})`;
}

const hopWords = {
  "trusted proxy": "a trusted proxy, the next entry counts",
  client: "the client: the first from the right that is not a trusted proxy",
  "no address": "not an address, the entries left of it are ignored",
  "not read": "ignored",
} as const;

/** The host that no provider has, and the hosts of all providers. */
export function hostRows(host: string, hosts: readonly string[]): readonly Row[] {
  const close = nearest(host, hosts);
  return [
    foldedRow("host", `${host}: no provider has this host`),
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
  other_host: "for another host",
  other_method: "for another method",
  other_path: "for another path",
  not_told: "may match, because servers read this path differently",
  never_opens: "does not match, because servers read this path differently",
  not_reached: "not reached",
};

function accessText(access: RuleTrace["access"]): string {
  if (access.kind !== "allow") return access.kind;
  const { groups, users, emails, emailDomains, claims } = access.allow;
  const domains = emailDomains.map((domain) => `@${domain}`);
  const claimed = Object.entries(claims).map(([name, values]) => `${name} = ${values.join(" or ")}`);
  return `allow ${[...groups, ...users, ...emails, ...domains, ...claimed].join(", ")}`;
}

/** The answers, with the dialects that get the same answer in one row. */
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
