import { Command } from "commander";
import type { Loaded } from "../config/load.ts";
import { type Problem, problemText } from "../core/problem.ts";
import { configOption, readConfig } from "./config-file.ts";
import { type ExitCode, finish, out, paint } from "./terminal.ts";
import { choiceOption } from "./usage.ts";

type Format = "text" | "json" | "github";

interface ValidateOptions {
  readonly config?: string;
  readonly format: Format;
  readonly strict?: true;
}

/** `akproxy validate`: prints every problem of the config file in one run; exit 1 when one is an error (spec: cli). */
export function validateCommand(): Command {
  return new Command("validate")
    .description("check the config, report every problem, run every `expect`")
    .addOption(configOption())
    .addOption(choiceOption("--format <format>", "output format", ["text", "json", "github"]).default("text"))
    .option("--strict", "exit 1 for warnings, too")
    .addHelpText(
      "after",
      "\nExit: 0 no errors, 1 errors (with --strict: or warnings), 74 the file does not exist," +
        "\n      77 no permission to read it" +
        "\n\nExamples:\n  akproxy validate\n  akproxy validate -c akproxy.toml --strict --format github",
    )
    .action(validate);
}

async function validate(options: ValidateOptions): Promise<void> {
  const { loaded, file } = await readConfig(options.config);
  out(report(options.format, file, loaded));
  finish(exitCode(loaded, options.strict === true ? "warnings fail" : "warnings pass"));
}

function exitCode(loaded: Loaded, strictness: "warnings fail" | "warnings pass"): ExitCode {
  if (loaded.unreadable === "permission") return 77;
  if (loaded.unreadable !== "no") return 74;
  return loaded.config === null || (strictness === "warnings fail" && loaded.problems.length > 0) ? 1 : 0;
}

function report(format: Format, file: string, loaded: Loaded): string {
  switch (format) {
    case "text":
      return [...loaded.problems.map(colouredText), summary(file, loaded)].join("\n");
    case "github":
      return [...loaded.problems.map(githubCommand), summary(file, loaded)].join("\n");
    case "json":
      return JSON.stringify({ file, valid: loaded.config !== null, problems: loaded.problems.map(flat) }, null, 2);
  }
}

/** `akproxy.toml: valid, 1 provider`, or `akproxy.toml: 2 errors, 1 warning`. */
function summary(file: string, { config, problems }: Loaded): string {
  const errors = problems.filter((problem) => problem.severity === "error").length;
  const warnings = problems.length - errors;
  const counts = [
    ...(config === null ? [] : [`valid, ${counted(config.providers.length, "provider")}`]),
    ...(errors === 0 ? [] : [counted(errors, "error")]),
    ...(warnings === 0 ? [] : [counted(warnings, "warning")]),
  ];
  return `${file}: ${counts.join(", ")}`;
}

function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? "" : "s"}`;
}

function colouredText(problem: Problem): string {
  const { severity } = problem;
  return problemText(problem)
    .replace(`: ${severity}: `, `: ${paint(severity === "error" ? "31" : "33", `${severity}:`, process.stdout)} `)
    .replace("\n  hint: ", `\n  ${paint("36", "hint:", process.stdout)} `);
}

/** A problem in JSON. The names of its fields are part of the interface. */
function flat({ severity, path, message, hint, place }: Problem): Readonly<Record<string, string | number | null>> {
  return { severity, path, message, hint, file: place.file, line: place.line, column: place.column };
}

/** A workflow command that GitHub turns into an annotation (GitHub: workflow commands, escaping as in actions/toolkit). */
function githubCommand({ severity, path, message, hint, place }: Problem): string {
  const title = path === "" ? "akproxy" : `akproxy: ${path}`;
  const properties = { file: place.file, line: place.line, col: place.column, title };
  const list = Object.entries(properties).map(([name, value]) => `${name}=${githubProperty(String(value))}`);
  return `::${severity} ${list.join(",")}::${githubData(hint === null ? message : `${message}\nhint: ${hint}`)}`;
}

function githubData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function githubProperty(text: string): string {
  return githubData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
