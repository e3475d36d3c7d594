import { printable } from "../../core/printable.ts";
import type { CookieReport } from "./cookie-report.ts";

/** How to print a report. `secrets` shown: the whole session id, the token, and the secrets of a login attempt. */
export interface CookieReportStyle {
  readonly secrets: "hidden" | "shown";
  readonly secretCount: number;
  readonly now: number; //                         epoch seconds
}

/** A flat JSON object; only `secrets` is an object in it. */
type JsonReport = Readonly<Record<string, string | number | null | Readonly<Record<string, string | null>>>>;

/** A report as text: accepted or refused, then one line for each fact. */
export function cookieReportText(report: CookieReport, style: CookieReportStyle): string {
  const verdict = report.refused === null ? "accepted" : `refused: ${report.refused}`;
  const rows = Object.entries({
    ...commonRows(report, style),
    ...sessionRows(report, style),
    ...attemptRows(report, style),
  });
  const lines = rows.flatMap(([label, text]) => (text === null ? [] : [`  ${label.padEnd(10)} ${printable(text)}`]));
  return [`${printable(report.name ?? "value")}: ${printable(verdict)}`, ...lines].join("\n");
}

/** A report as JSON. Times are epoch seconds; null is unknown or does not apply. */
export function cookieReportJson(report: CookieReport, style: CookieReportStyle): JsonReport {
  const { session, attempt } = report;
  const timed = session ?? attempt;
  return {
    name: report.name,
    kind: report.kind,
    verdict: report.refused === null ? "accepted" : "refused",
    refused: report.refused,
    provider: report.provider,
    secret: report.keyIndex === null ? null : report.keyIndex + 1,
    session: report.sessionId === null ? null : shownId(report.sessionId, style),
    user: session?.identity.username ?? null,
    made: session?.createdAt ?? attempt?.startedAt ?? null,
    last_seen: session?.lastSeenAt ?? null,
    idle_left_seconds: idleLeft(report, style.now),
    max_left_seconds: timed === null ? null : Math.max(0, timed.expiresAt - style.now),
    store: report.store,
    ...(style.secrets === "shown" ? { secrets: secretsOf(report) } : {}),
  };
}

/** `1d2h`, `3h20m`, `15m`, `42s`: the two largest units of a number of seconds. */
export function spanText(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const units = [
    [Math.floor(whole / 86400), "d"],
    [Math.floor(whole / 3600) % 24, "h"],
    [Math.floor(whole / 60) % 60, "m"],
    [whole % 60, "s"],
  ] as const;
  const first = units.findIndex(([count]) => count > 0);
  if (first < 0) return "0s";
  const shown = units.slice(first, first + 2).filter(([count]) => count > 0);
  return shown.map(([count, unit]) => `${count}${unit}`).join("");
}

type Rows = Readonly<Record<string, string | null>>;

function commonRows(report: CookieReport, style: CookieReportStyle): Rows {
  const secret = report.keyIndex === null ? null : `${ordinal(report.keyIndex + 1)} of ${style.secretCount}`;
  return { kind: report.kind, provider: report.provider, secret };
}

function sessionRows(report: CookieReport, style: CookieReportStyle): Rows {
  if (report.sessionId === null) return {};
  const { session } = report;
  const idle = idleLeft(report, style.now);
  return {
    session: shownId(report.sessionId, style),
    ...(session === null
      ? {}
      : {
          user: session.identity.username,
          made: agoText(session.createdAt, style.now),
          "last seen": agoText(session.lastSeenAt, style.now),
          "idle left": idle === null ? "no idle limit" : spanText(idle),
          "max left": spanText(session.expiresAt - style.now),
          token: style.secrets === "shown" ? session.identity.rawToken : null,
        }),
    store: storeText(report),
  };
}

function attemptRows({ attempt }: CookieReport, style: CookieReportStyle): Rows {
  if (attempt === null) return {};
  const isShown = style.secrets === "shown";
  return {
    made: agoText(attempt.startedAt, style.now),
    "max left": spanText(attempt.expiresAt - style.now),
    state: isShown ? attempt.state : null,
    nonce: isShown ? attempt.nonce : null,
    verifier: isShown ? attempt.codeVerifier : null,
    "return to": isShown ? attempt.returnTo : null,
  };
}

function secretsOf({ session, sessionId, attempt }: CookieReport): Readonly<Record<string, string | null>> {
  return {
    session: sessionId,
    token: session?.identity.rawToken ?? null,
    state: attempt?.state ?? null,
    nonce: attempt?.nonce ?? null,
    code_verifier: attempt?.codeVerifier ?? null,
    return_to: attempt?.returnTo ?? null,
  };
}

function storeText({ store }: CookieReport): string | null {
  switch (store) {
    case "live":
      return "has it";
    case "ended":
      return "has it, but it has expired";
    case "unreadable":
      return "has it, but it cannot be opened";
    case "absent":
      return "does not have it";
    case "not checked":
      return "not checked: it is not on disk";
    case null:
      return null;
  }
}

/** Null: no idle limit, or no session. */
function idleLeft({ session }: CookieReport, now: number): number | null {
  if (session === null || session.idleSeconds === 0) return null;
  return Math.max(0, session.lastSeenAt + session.idleSeconds - now);
}

function shownId(id: string, style: CookieReportStyle): string {
  return style.secrets === "shown" ? id : `${id.slice(0, 8)}…`;
}

function agoText(time: number, now: number): string {
  return `${new Date(time * 1000).toISOString().replace(".000", "")}, ${spanText(now - time)} ago`;
}

function ordinal(count: number): string {
  return `${count}${["th", "st", "nd", "rd"][count] ?? "th"}`;
}
