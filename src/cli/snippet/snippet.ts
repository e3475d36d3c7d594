import { Command } from "commander";
import { isMade, type SnippetTarget, snippet, snippetTargets, variantsOf } from "../../snippets/snippet.ts";
import { reachableAddress, snippetFacts } from "../../snippets/snippet-facts.ts";
import type { SnippetFile } from "../../snippets/snippet-text.ts";
import { chooseProvider, configOption, usableConfig } from "../config-file.ts";
import { type ExitCode, error, finish, out, warning } from "../terminal.ts";
import { choiceArgument, didYouMean, repeatable, typedOption } from "../usage.ts";
import {
  addressOf,
  headerNameOf,
  hostNameOf,
  listenerOf,
  pathOf,
  type SnippetOptions,
  snippetWishes,
} from "./snippet-options.ts";

/** `akproxy snippet`: the config of a reverse proxy for one provider (spec: cli). */
export function snippetCommand(): Command {
  return new Command("snippet")
    .description("print the config of a reverse proxy for a provider, complete and safe")
    .addArgument(choiceArgument("<target>", "the reverse proxy", snippetTargets))
    .argument("<slug>", "the provider")
    .addOption(configOption())
    .option("--variant <variant>", "another form of the config: labels (traefik), ingress, npm (nginx)")
    .addOption(
      typedOption(
        "--outpost <url>",
        "akproxy's address as the reverse proxy reaches it (default: listen.http)",
        addressOf("--outpost"),
      ),
    )
    .addOption(
      typedOption(
        "--upstream <url>",
        "the application's address, in the forward modes (default: a marked placeholder)",
        addressOf("--upstream"),
      ),
    )
    .addOption(
      typedOption(
        "--listen <address>",
        "PORT, HOST:PORT, or either after http:// or https:// (default: external_host's)",
        listenerOf,
      ),
    )
    .addOption(
      typedOption(
        "--host <name>",
        "host of an application, in forward_domain; may be repeated",
        repeatable(hostNameOf),
      ),
    )
    .addOption(
      typedOption(
        "--copy-header <name>",
        "header of additionalHeaders to copy; may be repeated",
        repeatable(headerNameOf),
      ),
    )
    .addOption(
      typedOption("--certificate <file>", "certificate chain (for haproxy with its key)", pathOf("--certificate")),
    )
    .addOption(
      typedOption("--key <file>", "private key of the certificate (default: in the same file)", pathOf("--key")),
    )
    .option("--complete", "print a whole config, which the reverse proxy loads as it is, instead of a fragment")
    .option("--file <name>", "print only this one of several files")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExit: 0 success, 2 usage or an unknown provider, 74 no config file, 77 no permission to" +
        "\n      read it, 78 the config is unusable" +
        "\n\nExamples:\n  akproxy snippet nginx app --upstream http://127.0.0.1:8080 > /etc/nginx/conf.d/akproxy-app.conf" +
        "\n  akproxy snippet traefik app --variant labels --outpost http://akproxy:9000",
    )
    .action(async (target: SnippetTarget, slug: string, options: SnippetOptions) => {
      finish(await printSnippet(target, slug, options));
    });
}

async function printSnippet(target: SnippetTarget, slug: string, options: SnippetOptions): Promise<ExitCode> {
  const variant = options.variant ?? null;
  if (variant !== null && !isMade(target, variant)) {
    const variants = variantsOf(target);
    const hint = variants.length === 0 ? "leave --variant out" : didYouMean(variant, variants, "choose one of");
    return refuse(`--variant: ${target} has no ${JSON.stringify(variant)}`, hint);
  }
  const read = await usableConfig(options.config);
  if (read.kind === "unusable") return read.exitCode;
  const chosen = chooseProvider(read.config, slug, "provider");
  if (chosen.kind === "unknown") return 2;
  const wishes = snippetWishes(options);
  const address = wishes.outpost ?? reachableAddress(read.config.listen.http);
  if (address === null) {
    return refuse("listen.http: is off or a socket", "name akproxy's address: --outpost http://127.0.0.1:9000");
  }
  return printFiles(snippet(target, snippetFacts(chosen.provider, address, wishes), variant), options);
}

function printFiles(all: readonly SnippetFile[], options: SnippetOptions): ExitCode {
  const files = options.file === undefined ? all : all.filter((file) => file.name === options.file);
  if (options.file !== undefined && files.length === 0) {
    const names = all.map((file) => file.name);
    return refuse(
      `--file: there is no ${JSON.stringify(options.file)}`,
      didYouMean(options.file, names, "choose one of"),
    );
  }
  out(printed(files, options.json === true ? "json" : "text"));
  if (files.length > 1 && options.json !== true) {
    warning(`these are ${files.length} files`, `print only one with: --file ${files[0]?.name ?? ""}`);
  }
  return 0;
}

/** One file as it is. Several files, each after a comment with its name. */
function printed(files: readonly SnippetFile[], format: "json" | "text"): string {
  const [only] = files;
  if (format === "json") return JSON.stringify({ files }, null, 2);
  if (only !== undefined && files.length === 1) return only.text.trimEnd();
  return files
    .map((file) => `# file: ${file.name}\n${file.text}`)
    .join("\n")
    .trimEnd();
}

function refuse(message: string, hint: string): ExitCode {
  error(message, hint);
  return 2;
}
