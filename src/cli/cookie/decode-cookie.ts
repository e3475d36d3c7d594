import { Command } from "commander";
import type { SessionsSeen } from "../../compose/session-reader.ts";
import { Failure } from "../../core/failure.ts";
import { chooseProvider, configOption, usableConfig } from "../config-file.ts";
import { type ExitCode, error, finish, out, readStdin, warning } from "../terminal.ts";
import { type CookieReport, cookieReports, givenCookies } from "./cookie-report.ts";
import { type CookieReportStyle, cookieReportJson, cookieReportText } from "./cookie-report-text.ts";

interface DecodeOptions {
  readonly config?: string;
  readonly provider?: string;
  readonly json?: true;
  readonly showSecrets?: true;
}

/** `akproxy decode-cookie`: what an akproxy cookie holds, and why it is refused; exit 1 when one is (spec: cli). */
export function decodeCookieCommand(): Command {
  return new Command("decode-cookie")
    .description("show what an akproxy cookie holds, and why it is refused")
    .argument("[value]", "a value, NAME=VALUE, or a whole Cookie header; without it, or with -, read from stdin")
    .addOption(configOption())
    .option("--provider <slug>", "check the cookie for this provider only")
    .option("--json", "print JSON")
    .option("--show-secrets", "print the whole session id, the token, and the secrets of a login attempt")
    .addHelpText(
      "after",
      "\nExit: 0 accepted, 1 a cookie is refused, 2 usage, 74 no config file or no secret yet," +
        "\n      77 no permission to read, 78 the config is unusable" +
        "\n\nExamples:\n  akproxy decode-cookie '__Host-akproxy_app=…'\n  wl-paste | akproxy decode-cookie -c akproxy.toml --json -",
    )
    .action(async (value: string | undefined, options: DecodeOptions) => {
      finish(await decodeCookie(value, options));
    });
}

async function decodeCookie(value: string | undefined, options: DecodeOptions): Promise<ExitCode> {
  const read = await usableConfig(options.config);
  if (read.kind === "unusable") return read.exitCode;
  const { config } = read;
  const chosen = options.provider === undefined ? null : chooseProvider(config, options.provider, "--provider:");
  if (chosen?.kind === "unknown") return 2;
  const given = givenCookies(await givenText(value));
  if (given.ours.length === 0) return reportNothing(given.others);
  const [{ seeSessions }, { randomBytes }] = await Promise.all([
    import("../../compose/session-reader.ts"),
    import("node:crypto"),
  ]);
  const now = Math.floor(Date.now() / 1000);
  const seen = await seeSessions(config, { now: () => now, randomBytes });
  if (seen.kind !== "seen") return reportNotSeen(seen);
  for (const text of seen.warnings) warning(text);
  try {
    const reports = await cookieReports(given.ours, {
      providers: config.providers,
      sessions: config.sessions,
      keys: seen.keys,
      reader: seen.reader,
      only: chosen?.provider ?? null,
      now,
    });
    const secrets = options.showSecrets === true ? "shown" : "hidden";
    out(printed(reports, options.json === true ? "json" : "text", { secrets, secretCount: seen.secretCount, now }));
    return reports.some((report) => report.refused !== null) ? 1 : 0;
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    error(thrown.message);
    return 74;
  } finally {
    await seen.reader?.close();
  }
}

async function givenText(value: string | undefined): Promise<string> {
  if (value !== undefined && value !== "-") return value;
  return value === undefined && process.stdin.isTTY ? "" : readStdin();
}

function reportNothing(others: readonly string[]): 1 | 2 {
  if (others.length === 0) {
    error("no cookie was given", "run: akproxy decode-cookie NAME=VALUE, or pipe a Cookie header into it");
    return 2;
  }
  error(
    `no akproxy cookie among ${others.map((name) => JSON.stringify(name)).join(", ")}`,
    "look for akproxy_SLUG, __Host-akproxy_SLUG or __Secure-akproxy_SLUG",
  );
  return 1;
}

function reportNotSeen(seen: Exclude<SessionsSeen, { readonly kind: "seen" }>): ExitCode {
  switch (seen.kind) {
    case "no_secret":
      error(
        `outpost: secret: none is set, and "${seen.path}" does not exist`,
        "run as akproxy's user, with the config of the running outpost; akproxy serve makes the secret at its first start",
      );
      return 74;
    case "unusable":
      error(seen.message);
      return seen.exitCode;
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
