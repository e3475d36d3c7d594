import type { Loaded, Surroundings } from "../config/load.ts";

/** A config file as a command reads it: which one, and what it says. */
export interface ReadConfig {
  readonly file: string;
  readonly loaded: Loaded;
}

/** Finds and reads the config file (spec: reading rules); one that is nowhere is a problem like any other. Never throws. */
export async function readConfig(
  flag: string | undefined,
  expectations: NonNullable<Surroundings["expectations"]> = "held",
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
