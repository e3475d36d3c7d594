import type { ExplainedDecision, Explanation, OwnEndpoint } from "../../core/explain/explain.ts";
import { reasonText } from "../../core/explain/explain-reason.ts";
import { printable } from "../../core/printable.ts";
import { paint } from "../terminal.ts";
import {
  answerRows,
  foldedRow,
  headerRows,
  hostRows,
  type Row,
  rowsText,
  ruleRows,
  trustRows,
} from "./explain-rows.ts";
import { shownHeaders, shownRequestLine } from "./shown-headers.ts";

/** Whether secrets are printed, and what the given cookie opened; null: no cookie. */
export interface ExplainStyle {
  readonly secrets: "hidden" | "shown";
  readonly cookie: string | null;
}

/** An explanation as text: each step of the decision, then what the application would receive. */
export function explanationText(explanation: Explanation, style: ExplainStyle): string {
  const { method, scheme, host, target } = explanation.request;
  const title = paint("1", printable(`${method} ${scheme}://${host}${target}`), process.stdout);
  return [
    title,
    rowsText([...trustRows(explanation.trust), ...rowsOf(explanation, style)]),
    sentText(explanation, style),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

function rowsOf(explanation: Explanation, style: ExplainStyle): readonly Row[] {
  switch (explanation.kind) {
    case "refused":
      return [foldedRow("answer", `${explanation.status}: ${explanation.reason}`)];
    case "no_provider":
      return [
        ...hostRows(explanation.request.host, explanation.hosts),
        foldedRow("answer", "400, a page or JSON that names the host"),
      ];
    case "endpoint":
      return [providerRow(explanation.chosen), foldedRow("answer", endpointWords[explanation.endpoint])];
    case "decided":
      return decidedRows(explanation, style);
  }
}

const endpointWords: Readonly<Record<OwnEndpoint, string>> = {
  start: "an endpoint of akproxy: starts a login",
  callback: "an endpoint of akproxy: completes a login",
  sign_out: "an endpoint of akproxy: signs the user out",
  ping: "an endpoint of akproxy: 204 for every client",
  backchannel_logout: "an endpoint of akproxy: the issuer ends sessions",
  frontchannel_logout: "an endpoint of akproxy: the issuer ends this browser's session",
  verdict: "an endpoint of akproxy: verdicts for reverse proxies; explain the URL that the browser requests instead",
};

function providerRow({ provider, by }: Extract<Explanation, { kind: "decided" }>["chosen"]): Row {
  const domain = provider.mode === "forward_domain" ? provider.cookieDomain : "";
  const key = by === "external_host" ? by : `${by} ${domain}`;
  return foldedRow("provider", `${provider.slug} (${provider.mode}), by ${key}`);
}

function decidedRows(explanation: Extract<Explanation, { kind: "decided" }>, style: ExplainStyle): readonly Row[] {
  const { chosen, decided } = explanation;
  const cookie = style.cookie === null ? [] : [foldedRow("cookie", style.cookie)];
  const obstacle =
    decided.obstacle === null || decided.is !== "login"
      ? []
      : [foldedRow("login", `cannot start: ${decided.obstacle}`)];
  const colour = verdictColours[decided.is];
  return [
    providerRow(chosen),
    ...cookie,
    foldedRow("visitor", visitorText(decided)),
    foldedRow("searched", searchedText(decided, chosen.provider.mode)),
    ...ruleRows(decided),
    foldedRow("public", publicText(decided)),
    ...obstacle,
    foldedRow("verdict", `${decided.is}: ${reasonText(decided, chosen.provider)}`, colour),
    ...answerRows(decided.answers),
  ];
}

const verdictColours = { public: "32", allowed: "32", login: "33", denied: "31" } as const;

function visitorText({ visitor }: ExplainedDecision): string {
  if (visitor.kind !== "known") return "anonymous";
  const { username, groups, email } = visitor.identity;
  const name = username === "" ? "a logged-in user" : username;
  return [name, email, groups.length === 0 ? "in no group" : `in ${groups.join(", ")}`]
    .filter((part) => part !== "")
    .join(", ");
}

function searchedText({ searched, neverPublic }: ExplainedDecision, mode: string): string {
  const what = mode === "forward_domain" ? "the whole URL" : "the decoded path";
  return `${searched} (${what}${neverPublic === null ? "" : `; never public: it ${neverPublic}`})`;
}

function publicText({ path, because }: ExplainedDecision): string {
  if (because.kind === "rule") return "not used: a rule decides";
  switch (path.kind) {
    case "public":
      return `yes, by ${path.pattern}`;
    case "protected":
      return `no: protect_path_regex ${path.pattern} matches`;
    case "never_public":
      return `no: ${path.pattern} matches, but the path ${path.reason}`;
    case "unmatched":
      return "no: no pattern of skip_path_regex matches";
  }
}

/** What the application would receive. */
function sentText(explanation: Explanation, style: ExplainStyle): string {
  if (explanation.kind !== "decided") return "";
  const { decided, chosen } = explanation;
  if (decided.passed === null) return "";
  const requestLine = shownRequestLine(decided.passed, chosen.provider, style.secrets);
  const title =
    requestLine === null ? "headers of the answer, which the reverse proxy copies" : `to the upstream: ${requestLine}`;
  const warnings = decided.passed.warnings.map(
    (text) => `  ${paint("33", "warning:", process.stdout)} ${printable(text)}`,
  );
  const lines = headerRows(shownHeaders(decided.passed.headers, style.secrets));
  return [printable(title), ...lines, ...warnings, ...assumedNote(decided)].join("\n");
}

/** An identity without a token comes from --as. */
function assumedNote({ visitor, is }: ExplainedDecision): readonly string[] {
  if (visitor.kind !== "known" || visitor.identity.rawToken !== "" || is === "public") return [];
  return [paint("2", "  (empty values come from the claims of a real session: see --cookie)", process.stdout)];
}
