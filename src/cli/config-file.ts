import { Option } from "commander";
import type { Loaded, Surroundings } from "../config/load.ts";
import type { Config } from "../core/config.ts";
import { problemText } from "../core/problem.ts";
import type { Provider } from "../core/provider.ts";
import { err, error } from "./terminal.ts";
import { didYouMean } from "./usage.ts";

/** `-c FILE`, the same option for every command that reads a config. */
export function configOption(): Option {
  return new Option(
    "-c, --config <file>",
    "config file (default: $AKPROXY_CONFIG, then ./akproxy.toml, then /etc/akproxy/config.toml)",
  );
}

/** A config file as a command reads it: its path, and the result. */
export interface ReadConfig {
  readonly file: string;
  readonly loaded: Loaded;
}

type Expectations = NonNullable<Surroundings["expectations"]>;

/** Finds and reads the config file (spec: reading rules). A missing file is reported as a problem. Never throws. */
export async function readConfig(
  flag: string | undefined,
  expectations: Expectations = "checked",
): Promise<ReadConfig> {
  const [{ findConfigFile }, { fileExists }, { loadConfig }] = await Promise.all([
    import("../config/file/find-config-file.ts"),
    import("../config/file/read-file.ts"),
    import("../config/load.ts"),
  ]);
  const found = findConfigFile(flag, process.env, fileExists);
  if (found.kind === "found") {
    return { file: found.file, loaded: await loadConfig({ file: found.file, env: process.env, expectations }) };
  }
  return { file: found.problem.place.file, loaded: { config: null, problems: [found.problem], unreadable: "absent" } };
}

/** The config, or the exit code of a command that cannot run without it. */
export type UsableConfig =
  | { readonly kind: "usable"; readonly config: Config }
  | { readonly kind: "unusable"; readonly exitCode: 74 | 77 | 78 };

/** Reads the config for a command other than serve. Prints the errors of an unusable one; only validate and serve print warnings. */
export async function usableConfig(flag: string | undefined, expectations?: Expectations): Promise<UsableConfig> {
  const { config, problems, unreadable } = (await readConfig(flag, expectations)).loaded;
  if (config !== null) return { kind: "usable", config };
  printErrors(problems);
  return { kind: "unusable", exitCode: unreadable === "permission" ? 77 : unreadable === "no" ? 78 : 74 };
}

/** Prints those problems of a config that are errors. */
export function printErrors(problems: Loaded["problems"]): void {
  for (const problem of problems) if (problem.severity === "error") err(problemText(problem));
}

/** The provider with that slug. */
export type ChosenProvider = { readonly kind: "chosen"; readonly provider: Provider } | { readonly kind: "unknown" };

/** Finds a provider by its slug; an unknown one is printed as a usage error. `label`: how the message names the word. */
export function chooseProvider(config: Config, slug: string, label: "--provider:" | "provider"): ChosenProvider {
  const provider = config.providers.find((candidate) => candidate.slug === slug);
  if (provider !== undefined) return { kind: "chosen", provider };
  error(`${label} ${JSON.stringify(slug)} is not in the config`, didYouMean(slug, slugsOf(config), "the config has"));
  return { kind: "unknown" };
}

export function slugsOf({ providers }: Config): readonly string[] {
  return providers.map(({ slug }) => slug);
}
