import { Command } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { out } from "./terminal.ts";

/** Set by scripts/build; undefined when akproxy runs from source. */
declare const AKPROXY_COMMIT: string | undefined;

/** akproxy's version, as in `X-authentik-meta-version`. */
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

/** Prints the version, the commit, the Bun version and the target. */
export function printVersion(form: "text" | "json"): void {
  const facts = versionFacts();
  const commit = facts.commit === "" ? "" : ` (${facts.commit})`;
  out(form === "json" ? JSON.stringify(facts) : `akproxy ${facts.version}${commit} bun ${facts.bun} ${facts.target}`);
}

/** `akproxy version [--json]`, the same as `akproxy --version [--json]`. */
export function versionCommand(): Command {
  return new Command("version")
    .description("print the version, the commit, the Bun version and the target")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExamples:\n  akproxy version\n  akproxy version --json")
    .action((options: { json?: true }) => printVersion(options.json ? "json" : "text"));
}
