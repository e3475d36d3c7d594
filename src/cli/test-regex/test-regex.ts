import { Command } from "commander";
import { type GivenUrl, givenUrl } from "../../core/http/given-url.ts";
import type { PublicPaths } from "../../core/http/judged-target.ts";
import type { Provider } from "../../core/provider.ts";
import { checkGoRegExp, compileGoRegExps } from "../../goregexp/compile.ts";
import { lintGoRegExp } from "../../goregexp/lint.ts";
import { chooseProvider, configOption, slugsOf, usableConfig } from "../config-file.ts";
import { type ExitCode, error, finish, out, warning } from "../terminal.ts";
import { choiceOption, repeatable } from "../usage.ts";
import { type BadPattern, caretText, type PatternLint, testJson, testText } from "./test-regex-text.ts";
import { type TestedUrl, testByPatterns, testByProvider } from "./tested-url.ts";

interface TestOptions {
  readonly config?: string;
  readonly provider?: string;
  readonly pattern?: readonly string[];
  readonly mode?: Provider["mode"];
  readonly json?: true;
}

/** `akproxy test-regex`: which URLs are public, and by which pattern. The code of serve decides it (spec: cli). */
export function testRegexCommand(): Command {
  return new Command("test-regex")
    .description("show which URLs are public, and which pattern makes them public")
    .argument("<url...>", "URLs or paths")
    .addOption(configOption())
    .option("--provider <slug>", "test a provider of the config file")
    .option("--pattern <regex>", "test this pattern, without a config file; may be repeated", repeatable(String))
    .addOption(
      choiceOption(
        "--mode <mode>",
        "with --pattern: proxy and forward_single search the path, forward_domain the whole URL (default: proxy)",
        ["proxy", "forward_single", "forward_domain"],
      ),
    )
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExit: 0 every URL is public, 1 one is not or a pattern is invalid, 74 no config file," +
        "\n      77 no permission to read it, 78 the config is unusable" +
        "\n\nExamples:\n  akproxy test-regex --provider app /health https://app.company/api/users" +
        "\n  akproxy test-regex --pattern '^/public/' --pattern '(?i)^/health$' /public/../admin /HEALTH",
    )
    .action(async (urls: readonly string[], options: TestOptions) => finish(await testRegex(urls, options)));
}

async function testRegex(urls: readonly string[], options: TestOptions): Promise<ExitCode> {
  if (options.pattern === undefined) {
    if (options.mode !== undefined)
      return usage("--mode needs --pattern", "leave --mode out: a provider of the config has its own");
    const chosen = await providerOf(options);
    if (chosen.kind === "none") return chosen.exitCode;
    const { provider } = chosen;
    return report(urls, provider.externalHost.origin, (url) => testByProvider(url, provider), [], options);
  }
  if (options.provider !== undefined || options.config !== undefined) {
    return usage("--pattern excludes --provider and --config", "give patterns, or a provider of the config file");
  }
  const patterns = options.pattern.flatMap((text) => text.split("\n")).filter((line) => line.trim() !== "");
  const bad = patterns.flatMap(badPattern);
  if (bad.length > 0) return reportBad(bad, options);
  const paths: PublicPaths = {
    mode: options.mode ?? "proxy",
    skipPaths: compileGoRegExps(patterns),
    protectPaths: compileGoRegExps([]),
  };
  const lints = patterns.flatMap((pattern) => lintGoRegExp(pattern).map((lint) => ({ pattern, ...lint })));
  const origin = paths.mode === "forward_domain" ? null : "https://any.host";
  return report(urls, origin, (url) => testByPatterns(url, paths), lints, options);
}

function report(
  urls: readonly string[],
  origin: string | null,
  test: (url: GivenUrl) => TestedUrl,
  lints: readonly PatternLint[],
  options: TestOptions,
): ExitCode {
  const read = urls.map((url) => givenUrl(url, origin));
  const unusable = read.find((url) => url.kind === "unusable");
  if (unusable !== undefined) return usage(unusable.message, unusable.hint);
  const results = read.flatMap((url) => (url.kind === "unusable" ? [] : [test(url.url)]));
  if (options.json !== true) for (const lint of lints) warning(`pattern ${lint.message}`, lint.hint);
  out(options.json === true ? testJson(results, lints, []) : testText(results));
  return results.every(({ verdict }) => verdict === "public") ? 0 : 1;
}

function badPattern(pattern: string): readonly BadPattern[] {
  const found = checkGoRegExp(pattern);
  if (found === null) return [];
  const hint =
    lintGoRegExp(pattern)[0]?.hint ?? "patterns are Go's RE2 syntax: https://github.com/google/re2/wiki/Syntax";
  return [{ pattern, error: found, hint }];
}

function reportBad(bad: readonly BadPattern[], options: TestOptions): ExitCode {
  if (options.json === true) out(testJson([], [], bad));
  else for (const one of bad) error(badText(one), one.hint);
  return 1;
}

function badText(bad: BadPattern): string {
  const { pattern, error: found } = bad;
  return `pattern ${JSON.stringify(pattern)}: ${found.message} at offset ${found.offset}\n${caretText(bad)}`;
}

/** The provider to test, or the exit code once its absence is printed. */
type Tested =
  | { readonly kind: "chosen"; readonly provider: Provider }
  | { readonly kind: "none"; readonly exitCode: ExitCode };

async function providerOf({ config: file, provider: slug }: TestOptions): Promise<Tested> {
  const read = await usableConfig(file);
  if (read.kind === "unusable") return { kind: "none", exitCode: read.exitCode };
  const [only, another] = read.config.providers;
  if (slug === undefined) {
    if (only !== undefined && another === undefined) return { kind: "chosen", provider: only };
    const hint = `the config has: ${slugsOf(read.config).join(", ")}`;
    return { kind: "none", exitCode: usage("--provider: the config has several providers", hint) };
  }
  const chosen = chooseProvider(read.config, slug, "--provider:");
  return chosen.kind === "chosen" ? chosen : { kind: "none", exitCode: 2 };
}

function usage(message: string, hint: string): ExitCode {
  error(message, hint);
  return 2;
}
