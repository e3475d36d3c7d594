import { randomBytes } from "node:crypto";
import { Command } from "commander";
import type { Config } from "../core/config.ts";
import { type Problem, problemText } from "../core/problem.ts";
import type { Provider } from "../core/provider.ts";
import type { Check, Section } from "../doctor/check.ts";
import { doctorJson, sectionText, summaryText } from "./doctor-text.ts";
import { readConfig } from "./read-config.ts";
import { type ExitCode, err, error, finish, out } from "./terminal.ts";
import { version } from "./version.ts";

interface DoctorOptions {
  readonly config?: string;
  readonly provider?: string;
  readonly json?: true;
}

/** `akproxy doctor`: every check of a config and of the world around it, each with its fix (spec: cli). */
export function doctorCommand(): Command {
  return new Command("doctor")
    .description("check the config, the store, the certificates, the issuers and the applications")
    .option("-c, --config <file>", "config file (else $AKPROXY_CONFIG, ./akproxy.toml, /etc/akproxy/config.toml)")
    .option("--provider <slug>", "only this provider, and its issuer")
    .option("--json", "as JSON")
    .addHelpText(
      "after",
      "\nExit: 0 nothing is wrong, warnings or not; 1 something is; 2 usage; 69 only" +
        "\n      that an issuer or an application can't be reached; 74 no config, 77 it may" +
        "\n      not be read" +
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
  const providers = chosenProviders(loaded.config, options.provider);
  if (providers === null) return 2;
  const report = reportTo(options.json === true ? "json" : "text");
  report.add(configSection(file, loaded.problems));
  if (loaded.config !== null) {
    const { diagnose } = await import("../doctor/doctor.ts");
    const world = { version, now: () => Date.now() / 1000, randomBytes: take, timeoutMilliseconds: 5000 };
    for await (const section of diagnose(loaded.config, providers, world)) report.add(section);
  }
  return report.end();
}

const take = (count: number) => new Uint8Array(randomBytes(count));

/** Null: there is no such provider, and that was said. A config with errors has none to choose. */
function chosenProviders(config: Config | null, slug: string | undefined): readonly Provider[] | null {
  const providers = config?.providers ?? [];
  if (slug === undefined || config === null) return providers;
  const chosen = providers.filter((provider) => provider.slug === slug);
  if (chosen.length > 0) return chosen;
  error(`--provider: "${slug}" is not in the config`, `it has: ${providers.map((each) => each.slug).join(", ")}`);
  return null;
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

/** For people each section as soon as it is there, since an issuer that is away takes its time; JSON at the end, in one piece. */
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

/** What has to be corrected comes before what may come back by itself. */
function exitOf(checks: readonly Check[]): 0 | 1 | 69 {
  const failed = checks.filter(({ standing }) => standing === "fail");
  if (failed.length === 0) return 0;
  return failed.every(({ cause }) => cause === "unreachable") ? 69 : 1;
}
