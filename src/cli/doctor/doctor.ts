import { randomBytes } from "node:crypto";
import { Command } from "commander";
import type { Config } from "../../core/config.ts";
import { type Problem, problemText } from "../../core/problem.ts";
import type { Provider } from "../../core/provider.ts";
import type { Check, Section } from "../../doctor/check.ts";
import { chooseProvider, configOption, readConfig } from "../config-file.ts";
import { type ExitCode, err, finish, out } from "../terminal.ts";
import { version } from "../version.ts";
import { doctorJson, sectionText, summaryText } from "./doctor-text.ts";

interface DoctorOptions {
  readonly config?: string;
  readonly provider?: string;
  readonly json?: true;
}

/** `akproxy doctor`: checks a config and everything it names, and prints a fix for each problem (spec: cli). */
export function doctorCommand(): Command {
  return new Command("doctor")
    .description(
      "check config, store, certificates, issuers, applications and listeners, and print a fix for each problem",
    )
    .addOption(configOption())
    .option("--provider <slug>", "check only this provider and its issuer")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExit: 0 no failures, 1 failures, 2 usage, 69 every failure is an issuer or an application" +
        "\n      that cannot be reached, 74 no config file, 77 no permission to read it" +
        "\n\nExamples:\n  akproxy doctor\n  akproxy doctor -c /etc/akproxy/config.toml --provider app --json",
    )
    .action(async (options: DoctorOptions) => finish(await examine(options)));
}

async function examine(options: DoctorOptions): Promise<ExitCode> {
  const { file, loaded } = await readConfig(options.config);
  if (loaded.unreadable !== "no") {
    for (const problem of loaded.problems) err(problemText(problem));
    return loaded.unreadable === "permission" ? 77 : 74;
  }
  const chosen = toCheck(loaded.config, options.provider);
  if (chosen.kind === "unknown") return 2;
  const report = reportTo(options.json === true ? "json" : "text");
  report.add(configSection(file, loaded.problems));
  if (loaded.config !== null) {
    const { diagnose } = await import("../../doctor/doctor.ts");
    const world = { version, now: () => Date.now() / 1000, randomBytes: take, timeoutMilliseconds: 5000 };
    for await (const section of diagnose(loaded.config, chosen.providers, world)) report.add(section);
  }
  return report.end();
}

const take = (count: number) => new Uint8Array(randomBytes(count));

/** The providers to check. A config with errors has none. */
type ToCheck = { readonly kind: "chosen"; readonly providers: readonly Provider[] } | { readonly kind: "unknown" };

function toCheck(config: Config | null, slug: string | undefined): ToCheck {
  if (slug === undefined || config === null) return { kind: "chosen", providers: config?.providers ?? [] };
  const chosen = chooseProvider(config, slug, "--provider:");
  return chosen.kind === "unknown" ? chosen : { kind: "chosen", providers: [chosen.provider] };
}

function configSection(file: string, problems: readonly Problem[]): Section {
  const checks = problems.map(({ severity, path, message, hint, place }): Check => {
    const text = `${place.line}:${place.column}: ${path === "" ? "" : `${path}: `}${message}`;
    return { name: "config", standing: severity === "error" ? "fail" : "warn", text, fix: hint, cause: null };
  });
  const fine: Check = { name: "config", standing: "ok", text: "no problems", fix: null, cause: null };
  return { title: `config ${file}`, checks: checks.length === 0 ? [fine] : checks };
}

interface Report {
  add(section: Section): void;
  end(): ExitCode;
}

/** Text: each section as soon as it is known, because an issuer that does not answer takes seconds. JSON: one document at the end. */
function reportTo(format: "json" | "text"): Report {
  const sections: Section[] = [];
  const columns = Math.max(60, process.stdout.isTTY ? process.stdout.columns : 80);
  return {
    add(section) {
      sections.push(section);
      if (format === "text") out(`${sectionText(section, columns)}\n`);
    },
    end() {
      const checks = sections.flatMap((section) => section.checks);
      const exit = exitOf(checks);
      out(format === "json" ? doctorJson(sections, exit) : summaryText(checks));
      return exit;
    },
  };
}

/** 1 where the operator has to correct something; 69 where waiting may be enough. */
function exitOf(checks: readonly Check[]): 0 | 1 | 69 {
  const failed = checks.filter(({ standing }) => standing === "fail");
  if (failed.length === 0) return 0;
  return failed.every(({ cause }) => cause === "unreachable") ? 69 : 1;
}
