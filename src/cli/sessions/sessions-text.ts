import { printable } from "../../core/printable.ts";
import type { SessionSummary } from "../../ports/session-store.ts";
import { spanText } from "../cookie/cookie-report-text.ts";

/** A session as JSON; times are epoch seconds (spec: cli, --json). */
export interface SessionJson {
  readonly handle: string;
  readonly user: string;
  readonly provider: string;
  readonly made: number;
  readonly last_seen: number;
  readonly ends: number;
}

/**
 * A session's handle as it is printed. One handle in 64 begins with `-`, and a command line would read that as an option. So the output
 * has `.` in its place.
 */
export function shownHandle(handle: string): string {
  return handle.replace(/^-/, ".");
}

/** The handle in a word of the command line; null when the word is not a handle. */
export function writtenHandle(text: string): string | null {
  return /^[.\w-][\w-]{9}$/.test(text) ? text.replace(/^\./, "-") : null;
}

export function sessionJson(summary: SessionSummary): SessionJson {
  return {
    handle: shownHandle(summary.handle),
    user: summary.username,
    provider: summary.providerSlug,
    made: summary.createdAt,
    last_seen: summary.lastSeenAt,
    ends: summary.endsAt,
  };
}

/** A table with a line for each session. `columns`: the width of the terminal, to which user names are cut; null: no cut. */
export function sessionTable(
  summaries: readonly SessionSummary[],
  view: { readonly now: number; readonly columns: number | null },
): string {
  const rows = [
    ["handle", "user", "provider", "made", "last seen", "ends"],
    ...summaries.map((summary) => rowOf(summary, view.now)),
  ];
  const widths = (rows[0] ?? []).map((_title, column) =>
    Math.max(...rows.map((row) => Bun.stringWidth(row[column] ?? ""))),
  );
  const surplus = view.columns === null ? 0 : widths.reduce((sum, width) => sum + width + gap.length, -gap.length);
  const cut = Math.max(0, surplus - (view.columns ?? surplus));
  const fitting = widths.map((width, column) =>
    column === userColumn ? Math.min(width, Math.max(shortestUser, width - cut)) : width,
  );
  return rows
    .map((row) => row.map((cell, column) => padded(cell, fitting[column] ?? 0)).join(gap))
    .map((line) => line.trimEnd())
    .join("\n");
}

/** All facts of one session, a line each. */
export function sessionText(summary: SessionSummary, now: number): string {
  const rows = {
    handle: shownHandle(summary.handle),
    user: printable(summary.username),
    provider: printable(summary.providerSlug),
    made: `${instant(summary.createdAt)}, ${ago(summary.createdAt, now)}`,
    "last seen": `${instant(summary.lastSeenAt)}, ${ago(summary.lastSeenAt, now)}`,
    ends: `${instant(summary.endsAt)}, ${hence(summary.endsAt, now)}`,
  };
  return Object.entries(rows)
    .map(([label, text]) => `${label.padEnd(10)} ${text}`)
    .join("\n");
}

const gap = "  ";
const userColumn = 1;
const shortestUser = 8;

function rowOf(summary: SessionSummary, now: number): readonly string[] {
  return [
    shownHandle(summary.handle),
    printable(summary.username),
    printable(summary.providerSlug),
    ago(summary.createdAt, now),
    ago(summary.lastSeenAt, now),
    hence(summary.endsAt, now),
  ];
}

function padded(text: string, width: number): string {
  const shown = Bun.stringWidth(text) > width ? `${cutTo(text, width - 1)}…` : text;
  return shown + " ".repeat(Math.max(0, width - Bun.stringWidth(shown)));
}

function cutTo(text: string, width: number): string {
  let kept = "";
  for (const character of text) {
    if (Bun.stringWidth(kept + character) > width) break;
    kept += character;
  }
  return kept;
}

function ago(time: number, now: number): string {
  return `${spanText(now - time)} ago`;
}

function hence(time: number, now: number): string {
  return `in ${spanText(time - now)}`;
}

function instant(time: number): string {
  return new Date(time * 1000).toISOString().replace(".000", "");
}
