import type { Problem } from "../../core/problem.ts";

/** The path of the config file, or a problem that names every place that was tried. */
export type ConfigFile =
  | { readonly kind: "found"; readonly file: string }
  | { readonly kind: "absent"; readonly problem: Problem };

/**
 * `-c FILE`, else `$AKPROXY_CONFIG`, else `./akproxy.toml`, else `/etc/akproxy/config.toml` (spec: reading rules). A file
 * that is named explicitly is not replaced by another if it does not exist.
 */
export function findConfigFile(
  flag: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  exists: (file: string) => boolean,
): ConfigFile {
  const variable = env["AKPROXY_CONFIG"];
  if (flag !== undefined) return exists(flag) ? { kind: "found", file: flag } : absent(flag, "named by --config");
  if (variable)
    return exists(variable) ? { kind: "found", file: variable } : absent(variable, "named by $AKPROXY_CONFIG");
  const usual = ["./akproxy.toml", "/etc/akproxy/config.toml"];
  const file = usual.find(exists);
  if (file !== undefined) return { kind: "found", file };
  return absent("./akproxy.toml", "nor does /etc/akproxy/config.toml, and $AKPROXY_CONFIG is not set");
}

function absent(file: string, why: string): ConfigFile {
  const problem: Problem = {
    severity: "error",
    path: "",
    message: `the config file ${file} does not exist (${why})`,
    hint: "name one with -c FILE; config.example.toml has every key",
    place: { file, line: 1, column: 1 },
  };
  return { kind: "absent", problem };
}
