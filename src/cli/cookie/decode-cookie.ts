import { Command } from "commander";
import type { SessionsSeen } from "../../compose/session-reader.ts";
import type { Config } from "../../core/config.ts";
import { Failure } from "../../core/failure.ts";
import { problemText } from "../../core/problem.ts";
import type { Provider } from "../../core/provider.ts";
import { err, error, finish, out, readStdin, warning } from "../terminal.ts";
import { type CookieReport, cookieReports, givenCookies } from "./cookie-report.ts";
import { type CookieReportStyle, cookieReportJson, cookieReportText } from "./cookie-report-text.ts";

interface DecodeOptions {
  readonly config?: string;
  readonly provider?: string;
  readonly json?: true;
  readonly showSecrets?: true;
}

/** `akproxy decode-cookie`: what a cookie of ours is, and why it is refused; exit 1 when one is (spec: cli). */
export function decodeCookieCommand(): Command {
  return new Command("decode-cookie")
    .description("say what an akproxy cookie is, whose session, and exactly why it is refused")
    .argument("[value]", "a value, NAME=VALUE, or a whole Cookie header; - or nothing: from standard input")
    .option("-c, --config <file>", "config file (else $AKPROXY_CONFIG, ./akproxy.toml, /etc/akproxy/config.toml)")
    .option("--provider <slug>", "only as this provider's")
    .option("--json", "as JSON")
    .option("--show-secrets", "the whole session id, the token, and what a login attempt holds")
    .addHelpText(
      "after",
      "\nExit: 0 accepted, 1 one is refused, 74 no config or no secret yet, 77 may not be read, 78 the config is unusable" +
        "\n\nExamples:\n  akproxy decode-cookie '__Host-akproxy_app=…'\n  wl-paste | akproxy decode-cookie -c akproxy.toml --json -",
    )
    .action(decodeCookie);
}

async function decodeCookie(value: string | undefined, options: DecodeOptions): Promise<void> {
  const config = await usableConfig(options.config);
  if (config === null) return;
  const only = providerOf(config, options.provider);
  if (only === undefined) return;
  const given = givenCookies(await givenText(value));
  if (given.ours.length === 0) return reportNothing(given.others);
  const [{ seeSessions }, { randomBytes }] = await Promise.all([
    import("../../compose/session-reader.ts"),
    import("node:crypto"),
  ]);
  const now = Math.floor(Date.now() / 1000);
  const seen = await seeSessions(config, { now: () => now, randomBytes });
  if (!isUsable(seen)) return;
  try {
    const reports = await cookieReports(given.ours, {
      providers: config.providers,
      sessions: config.sessions,
      keys: seen.keys,
      reader: seen.reader,
      only,
      now,
    });
    const secrets = options.showSecrets === true ? "shown" : "hidden";
    out(printed(reports, options.json === true ? "json" : "text", { secrets, secretCount: seen.secretCount, now }));
    finish(reports.some((report) => report.refused !== null) ? 1 : 0);
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    error(thrown.message);
    finish(74);
  } finally {
    await seen.reader?.close();
  }
}

/** The config, or null with its errors printed and the exit code set. Warnings are `validate`'s business. */
async function usableConfig(flag: string | undefined): Promise<Config | null> {
  const [{ findConfigFile }, { fileExists }, { loadConfig }] = await Promise.all([
    import("../../config/file/find-config-file.ts"),
    import("../../config/file/read-file.ts"),
    import("../../config/load.ts"),
  ]);
  const found = findConfigFile(flag, process.env, fileExists);
  if (found.kind === "absent") {
    error(found.problem.message, found.problem.hint);
    finish(74);
    return null;
  }
  const { config, problems, unreadable } = await loadConfig({ file: found.file, env: process.env });
  if (config !== null) return config;
  for (const problem of problems) if (problem.severity === "error") err(problemText(problem));
  finish(unreadable === "permission" ? 77 : unreadable === "no" ? 78 : 74);
  return null;
}

/** Null: none was asked for; undefined: there is no such provider, and that was said. */
function providerOf(config: Config, slug: string | undefined): Provider | null | undefined {
  if (slug === undefined) return null;
  const provider = config.providers.find((candidate) => candidate.slug === slug);
  if (provider === undefined) {
    const slugs = config.providers.map((candidate) => candidate.slug).join(", ");
    error(`--provider: "${slug}" is not in the config`, `it has: ${slugs}`);
    finish(2);
  }
  return provider;
}

async function givenText(value: string | undefined): Promise<string> {
  if (value !== undefined && value !== "-") return value;
  return value === undefined && process.stdin.isTTY ? "" : readStdin();
}

function reportNothing(others: readonly string[]): void {
  if (others.length === 0) {
    error("no cookie was given", "akproxy decode-cookie NAME=VALUE, or pipe a Cookie header into it");
    finish(2);
    return;
  }
  error(
    `no akproxy cookie among ${others.map((name) => JSON.stringify(name)).join(", ")}`,
    "akproxy's are named akproxy_SLUG, __Host-akproxy_SLUG or __Secure-akproxy_SLUG",
  );
  finish(1);
}

function isUsable(seen: SessionsSeen): seen is Extract<SessionsSeen, { kind: "seen" }> {
  switch (seen.kind) {
    case "seen":
      for (const text of seen.warnings) warning(text);
      return true;
    case "no_secret":
      error(
        `outpost: secret: none is set, and "${seen.path}" does not exist`,
        "run it as akproxy's user with the config of the running outpost; akproxy serve makes the secret at its first start",
      );
      finish(74);
      return false;
    case "unusable":
      error(seen.message);
      finish(seen.exitCode);
      return false;
  }
}

function printed(reports: readonly CookieReport[], format: "json" | "text", style: CookieReportStyle): string {
  switch (format) {
    case "json":
      return JSON.stringify({ cookies: reports.map((report) => cookieReportJson(report, style)) }, null, 2);
    case "text":
      return reports.map((report) => cookieReportText(report, style)).join("\n\n");
  }
}
