import { Command, Option } from "commander";
import { type GivenUrl, givenUrl } from "../core/http/given-url.ts";
import type { PublicPaths } from "../core/http/judged-target.ts";
import { problemText } from "../core/problem.ts";
import type { Provider } from "../core/provider.ts";
import { checkGoRegExp, compileGoRegExps } from "../goregexp/compile.ts";
import { lintGoRegExp } from "../goregexp/lint.ts";
import { type TestedUrl, testByPatterns, testByProvider } from "./explain/tested-url.ts";
import { readConfig } from "./read-config.ts";
import { type ExitCode, err, error, finish, out, warning } from "./terminal.ts";
import { type BadPattern, caretText, type PatternLint, testJson, testText } from "./test-regex-text.ts";

interface TestOptions {
  readonly config?: string;
  readonly provider?: string;
  readonly pattern?: readonly string[];
  readonly mode?: Provider["mode"];
  readonly json?: true;
}

/** `akproxy test-regex`: which URLs are public and by which pattern, decided by the code of serve (spec: cli). */
export function testRegexCommand(): Command {
  return new Command("test-regex")
    .description("say of each URL whether it is public, and which unauthenticated-path pattern makes it so")
    .argument("<url...>", "URLs or paths")
    .option("-c, --config <file>", "config file (else $AKPROXY_CONFIG, ./akproxy.toml, /etc/akproxy/config.toml)")
    .option("--provider <slug>", "test a provider of the config file")
    .option("--pattern <regex>", "test a pattern instead; may be given again", (value, before: string[] = []) => [
      ...before,
      value,
    ])
    .addOption(
      new Option(
        "--mode <mode>",
        "with --pattern: search the path, or in domain level the whole URL (default: proxy)",
      ).choices(["proxy", "forward_single", "forward_domain"]),
    )
    .option("--json", "as JSON")
    .addHelpText(
      "after",
      "\nExit: 0 every URL is public, 1 one is not or a pattern is bad, 74 no such file, 77 may not be read, 78 the config is unusable" +
        "\n\nExamples:\n  akproxy test-regex --provider app /health https://app.company/api/users" +
        "\n  akproxy test-regex --pattern '^/public/' --pattern '(?i)^/health$' /public/../admin /HEALTH",
    )
    .action(async (urls: readonly string[], options: TestOptions) => finish(await testRegex(urls, options)));
}

async function testRegex(urls: readonly string[], options: TestOptions): Promise<ExitCode> {
  if (options.pattern === undefined) {
    if (options.mode !== undefined) return usage("--mode belongs to --pattern", "a provider has its own mode");
    const provider = await providerOf(options);
    if (typeof provider === "number") return provider;
    return report(urls, provider.externalHost.origin, (url) => testByProvider(url, provider), [], options);
  }
  if (options.provider !== undefined || options.config !== undefined) {
    return usage("--pattern excludes --provider and --config", "give either patterns or a provider of the config file");
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
  const unusable = read.find((url) => "message" in url);
  if (unusable !== undefined) return usage(unusable.message, unusable.hint);
  const results = read.flatMap((url) => ("message" in url ? [] : [test(url)]));
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

/** The provider that is meant, or, that being said, the exit code. Warnings of the config are `validate`'s business. */
async function providerOf({ config: file, provider: slug }: TestOptions): Promise<Provider | ExitCode> {
  const { config, problems, unreadable } = (await readConfig(file)).loaded;
  if (config === null) {
    for (const problem of problems) if (problem.severity === "error") err(problemText(problem));
    if (unreadable === "no") return 78;
    return unreadable === "permission" ? 77 : 74;
  }
  const found = config.providers.filter((provider) => slug === undefined || provider.slug === slug);
  const [provider] = found;
  if (provider !== undefined && found.length === 1) return provider;
  const slugs = config.providers.map((one) => one.slug).join(", ");
  const asked = slug === undefined ? "which one is meant is not said" : `${JSON.stringify(slug)} is not in the config`;
  return usage(`--provider: ${asked}`, `the config has: ${slugs}`);
}

function usage(message: string, hint: string): ExitCode {
  error(message, hint);
  return 2;
}
