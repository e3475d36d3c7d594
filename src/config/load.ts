import { dirname, resolve } from "node:path";
import { parse, TomlError } from "smol-toml";
import type { Config } from "../core/config.ts";
import type { Problem } from "../core/problem.ts";
import type { Provider } from "../core/provider.ts";
import { checkAcross } from "./cross-checks.ts";
import { expandTree } from "./file/expand.ts";
import { createLocate } from "./file/places.ts";
import { isShared, modeText, readFile } from "./file/read-file.ts";
import type { Source } from "./file/source.ts";
import { isDeeperThan, removeAt, removePrototypeKeys, type Tree } from "./file/tree.ts";
import { createFindings, type Finding, type Findings, pathText } from "./findings.ts";
import { readTable } from "./schema/read-table.ts";
import { checkExpectations } from "./tables/expect.ts";
import { refuseOtherModes } from "./tables/other-modes.ts";
import { providerOf } from "./tables/provider.ts";
import { serverOf } from "./tables/server.ts";

/** The result of reading a config. `config` is null if and only if a problem is an error. The problems are sorted by place. */
export interface Loaded {
  readonly config: Config | null;
  readonly problems: readonly Problem[];
  readonly unreadable: "no" | "absent" | "permission" | "other"; // why the file could not be read
}

/** The surroundings of a config text that its meaning depends on. */
export interface Surroundings {
  readonly file: string; //                        named in problems; relative paths are relative to its directory
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly expectations?: "checked" | "skipped"; // default: checked; explain skips them to show why one fails
  readonly credentialsDirectory?: string | null; // default: $CREDENTIALS_DIRECTORY of `env`
}

/** Reads and checks a config file. Never throws because of the file or the environment. */
export async function loadConfig(options: Surroundings): Promise<Loaded> {
  const read = readFile(options.file);
  if (read.kind === "text") return parseText(read.text, options, read.mode);
  const findings = createFindings();
  const hint = read.cause === "permission" ? "give akproxy's user read access to it" : "name another file with -c FILE";
  findings.error([], `the config file ${options.file} ${read.reason}`, hint);
  return { config: null, problems: await placed("", options.file, findings.all), unreadable: read.cause };
}

/** The same for a text. Files that it names are read. */
export function parseConfigText(text: string, options: Surroundings): Promise<Loaded> {
  return parseText(text, options, 0o600);
}

async function parseText(text: string, options: Surroundings, mode: number): Promise<Loaded> {
  const findings = createFindings();
  const raw = parseToml(text, findings);
  const config = raw === null ? null : readConfig(raw, options, mode, findings);
  const problems = await placed(text, options.file, findings.all);
  const isBad = problems.some((problem) => problem.severity === "error");
  return { config: isBad ? null : config, problems, unreadable: "no" };
}

/** Deeper than any key of akproxy, and far below what overflows the stack. */
const deepest = 32;

/** The TOML document; null if the text is not TOML. Reports only the first line of the parser's message: the others quote the file. */
function parseToml(text: string, findings: Findings): Tree | null {
  try {
    const tree = parse(text);
    if (!isDeeperThan(tree, deepest)) return tree;
  } catch (thrown) {
    if (thrown instanceof TomlError) {
      const message = thrown.message.split("\n")[0]?.replace("Invalid TOML document: ", "") ?? "";
      const spot = { kind: "place", line: thrown.line, column: thrown.column } as const;
      findings.error([], `not TOML: ${message}`, "correct the syntax; see https://toml.io/en/v1.1.0", spot);
      return null;
    }
    if (!(thrown instanceof RangeError)) throw thrown; // stack overflow: a key with thousands of parts
  }
  findings.error(
    [],
    `tables are nested more than ${deepest} levels deep`,
    "reduce the nesting: no key of akproxy is that deep",
  );
  return null;
}

function readConfig(raw: Tree, options: Surroundings, mode: number, findings: Findings): Config {
  for (const path of removePrototypeKeys(raw)) {
    findings.error(path, "is not a key that akproxy knows", "remove it", { kind: "key" });
  }
  const { tree, failed } = expandTree(raw, options.env, findings);
  for (const path of failed) removeAt(tree, path);
  const { env, file, credentialsDirectory = env["CREDENTIALS_DIRECTORY"] ?? null } = options;
  const source: Source = {
    findings,
    raw,
    tree,
    directory: dirname(resolve(file)),
    env,
    credentialsDirectory,
    inlineSecrets: [],
  };
  refuseOtherModes(source);
  const table = readTable(source);
  const server = serverOf(source, table);
  const built = Object.entries(table.providers).map(([slug, provider]) => providerOf(source, slug, provider, table));
  const providers = built.filter((provider): provider is Provider => provider !== null);
  checkAcross(source, table, providers);
  checkSurroundings(source, file, mode);
  if (options.expectations !== "skipped") checkExpectations(source, table.providers, providers);
  return { ...server, providers };
}

function checkSurroundings(source: Source, file: string, mode: number): void {
  const first = source.inlineSecrets[0];
  if (first !== undefined && isShared(mode)) {
    const message = `the secret is in ${file}, which other users can read (mode ${modeText(mode)})`;
    source.findings.warning(
      first,
      message,
      `run chmod 600 ${file}, or move the secret to a file of its own with ${first.findLast((part) => typeof part === "string")}_file`,
    );
  }
  if (source.env["NODE_TLS_REJECT_UNAUTHORIZED"] === "0") {
    const message = "NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment turns off every certificate check";
    source.findings.error([], message, "unset it; name a private authority in ca_file or internal_host_ca_file");
  }
}

/** Problems with their lines and columns, in the order of the file. */
async function placed(text: string, file: string, findings: readonly Finding[]): Promise<readonly Problem[]> {
  if (findings.length === 0) return [];
  const isAboutKeys = findings.some(({ path, spot }) => path.length > 0 && spot.kind !== "place");
  const locate = await createLocate(isAboutKeys ? text : ""); // for a text that is not a config a second parse is useless
  return findings
    .map(({ severity, path, message, hint, spot }) => {
      return { severity, path: pathText(path), message, hint, place: { file, ...place(locate(path, spot)) } };
    })
    .sort((a, b) => a.place.line - b.place.line || a.place.column - b.place.column || rank(a) - rank(b));
}

function place({ line, column }: { readonly line: number; readonly column: number }): { line: number; column: number } {
  return { line, column };
}

function rank(problem: Pick<Problem, "severity">): number {
  return problem.severity === "error" ? 0 : 1;
}
