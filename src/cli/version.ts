import { Command } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { out } from "./terminal.ts";

/** Stamped in by scripts/build; "" when run from source. */
declare const AKPROXY_COMMIT: string | undefined;

/** akproxy's version, as `X-authentik-meta-version` carries it. */
export const version: string = packageJson.version;

interface VersionFacts {
  readonly version: string;
  readonly commit: string;
  readonly bun: string;
  readonly target: string;
}

function versionFacts(): VersionFacts {
  const commit = typeof AKPROXY_COMMIT === "string" ? AKPROXY_COMMIT : "";
  return { version, commit, bun: Bun.version, target: `${process.platform}-${process.arch}` };
}

/** Prints version, commit, Bun's version and target. */
export function printVersion(form: "text" | "json"): void {
  const facts = versionFacts();
  const commit = facts.commit === "" ? "" : ` (${facts.commit})`;
  out(form === "json" ? JSON.stringify(facts) : `akproxy ${facts.version}${commit} bun ${facts.bun} ${facts.target}`);
}

/** `akproxy version [--json]`, the same as `akproxy --version [--json]`. */
export function versionCommand(): Command {
  return new Command("version")
    .description("print version, commit, Bun version and target")
    .option("--json", "as JSON")
    .addHelpText("after", "\nExamples:\n  akproxy version\n  akproxy version --json")
    .action((options: { json?: true }) => printVersion(options.json ? "json" : "text"));
}
