import { Argument, Command, Option } from "commander";
import { problemText } from "../core/problem.ts";
import type { Provider } from "../core/provider.ts";
import { isMade, type SnippetTarget, snippet, snippetTargets, variantsOf } from "../snippets/snippet.ts";
import { type PlainAddress, reachableAddress, type SnippetWishes, snippetFacts } from "../snippets/snippet-facts.ts";
import type { SnippetFile } from "../snippets/snippet-text.ts";
import { readConfig } from "./read-config.ts";
import { type SnippetOptions, snippetWishes } from "./snippet-wishes.ts";
import { err, error, finish, out, warning } from "./terminal.ts";

/** `akproxy snippet`: the config of a reverse proxy for one provider (spec: cli). */
export function snippetCommand(): Command {
  const gathered = (value: string, before: readonly string[]) => [...before, value];
  return new Command("snippet")
    .description("print the reverse proxy's config for a provider, complete and safe")
    .addArgument(new Argument("<target>", "the reverse proxy").choices(snippetTargets))
    .argument("<slug>", "the provider")
    .option("-c, --config <file>", "config file (else $AKPROXY_CONFIG, ./akproxy.toml, /etc/akproxy/config.toml)")
    .addOption(new Option("--variant <variant>", "another form of it: labels (traefik), ingress, npm (nginx)"))
    .option("--outpost <url>", "where the reverse proxy reaches akproxy (default: from listen.http)")
    .option("--upstream <url>", "the application, in the forward modes (default: a placeholder, marked as one)")
    .option("--listen <address>", "PORT, HOST:PORT, or either after http:// or https:// (default: external_host's)")
    .option("--host <name>", "an application's host in forward_domain; may be repeated", gathered, [])
    .option("--copy-header <name>", "a name of additionalHeaders; may be repeated", gathered, [])
    .option("--certificate <file>", "certificate chain (for haproxy with its key)")
    .option("--key <file>", "its private key (default: in the same file)")
    .option("--complete", "a whole config instead of a fragment, which the program loads as it is")
    .option("--file <name>", "print this one of the files alone")
    .option("--json", "as JSON")
    .addHelpText(
      "after",
      "\nExit: 0 fine, 2 no such provider or a bad option, 74 no config, 77 may not be read, 78 the config is unusable" +
        "\n\nExamples:\n  akproxy snippet nginx app --upstream http://127.0.0.1:8080 > /etc/nginx/conf.d/akproxy-app.conf" +
        "\n  akproxy snippet traefik app --variant labels --outpost http://akproxy:9000",
    )
    .action(printSnippet);
}

async function printSnippet(target: SnippetTarget, slug: string, options: SnippetOptions): Promise<void> {
  const wishes = snippetWishes(options);
  if (typeof wishes === "string") return refuse(wishes, null);
  const variant = options.variant ?? null;
  if (!isMade(target, variant)) {
    return refuse(`--variant: ${target} has no "${variant}"`, `it has: ${variantsOf(target).join(", ") || "none"}`);
  }
  const chosen = await providerOf(options.config, slug);
  if (chosen === null) return;
  const facts = factsOf(chosen, wishes);
  if (facts === null) return;
  const all = snippet(target, facts, variant);
  const files = options.file === undefined ? all : all.filter((file) => file.name === options.file);
  if (files.length === 0) {
    return refuse(`--file: there is no "${options.file}"`, `there is: ${all.map((file) => file.name).join(", ")}`);
  }
  out(printed(files, options.json === true ? "json" : "text"));
  if (files.length > 1 && options.json !== true) {
    warning(`these are ${files.length} files`, `print one alone with: --file ${files[0]?.name ?? ""}`);
  }
}

/** A provider, and where its akproxy listens. */
interface Chosen {
  readonly provider: Provider;
  readonly outpost: PlainAddress | null;
}

/** Null: there is none, and that was said. */
async function providerOf(file: string | undefined, slug: string): Promise<Chosen | null> {
  const { loaded } = await readConfig(file);
  const { config, problems, unreadable } = loaded;
  if (config === null) {
    for (const problem of problems) if (problem.severity === "error") err(problemText(problem));
    finish(unreadable === "permission" ? 77 : unreadable === "no" ? 78 : 74);
    return null;
  }
  const provider = config.providers.find((candidate) => candidate.slug === slug);
  if (provider !== undefined) return { provider, outpost: reachableAddress(config.listen.http) };
  const slugs = config.providers.map((candidate) => candidate.slug).join(", ");
  refuse(`provider "${slug}" is not in the config`, `it has: ${slugs}`);
  return null;
}

function factsOf({ provider, outpost }: Chosen, wishes: SnippetWishes) {
  const address = wishes.outpost ?? outpost;
  if (address !== null) return snippetFacts(provider, address, wishes);
  refuse("listen.http: is off or a socket", "say where akproxy is reached: --outpost http://127.0.0.1:9000");
  return null;
}

/** One file as it is; several each after a line with its name. */
function printed(files: readonly SnippetFile[], format: "json" | "text"): string {
  const [only] = files;
  if (format === "json") return JSON.stringify({ files }, null, 2);
  if (only !== undefined && files.length === 1) return only.text.trimEnd();
  return files
    .map((file) => `# file: ${file.name}\n${file.text}`)
    .join("\n")
    .trimEnd();
}

function refuse(message: string, hint: string | null): void {
  error(message, hint);
  finish(2);
}
