import { Command } from "commander";
import type { Config } from "../../core/config.ts";
import type { Visitor } from "../../core/decide/decide.ts";
import { explain, providerFor, type Question } from "../../core/explain/explain.ts";
import type { Asked } from "../../core/explain/explain-request.ts";
import { Failure } from "../../core/failure.ts";
import { type GivenUrl, givenUrl } from "../../core/http/given-url.ts";
import { firstValue, type HeaderLine, type HeaderLines } from "../../core/http/header-lines.ts";
import { parseAddress } from "../../core/http/ip-address.ts";
import { assumedLogin } from "../../core/identity/assumed-identity.ts";
import { configOption, usableConfig } from "../config-file.ts";
import { type ExitCode, error, finish, out, warning } from "../terminal.ts";
import { version } from "../version.ts";
import { explanationJson } from "./explain-json.ts";
import { type ExplainStyle, explanationText } from "./explain-text.ts";
import { cookieHeader, type FoundVisitor, namedVisitor, sessionVisitor } from "./explain-visitor.ts";

interface ExplainOptions {
  readonly config?: string;
  readonly method: string;
  readonly as?: string;
  readonly groups?: string;
  readonly email?: string;
  readonly claim?: readonly string[];
  readonly header?: readonly string[];
  readonly cookie?: string;
  readonly peer?: string;
  readonly json?: true;
  readonly showSecrets?: true;
}

/** `akproxy explain`: what serve would do with a request, and why (spec: cli). */
export function explainCommand(): Command {
  const gathered = (value: string, before: readonly string[] = []) => [...before, value];
  return new Command("explain")
    .description("show what akproxy would do with a request, and why")
    .argument("<url>", "the URL as the browser asks for it; with one provider a path will do")
    .addOption(configOption())
    .option("--method <method>", "request method", "GET")
    .option("--as <user>", "somebody logged in, by user name")
    .option("--groups <groups>", "and their groups: a,b")
    .option("--email <address>", "and their email address")
    .option("--claim <claim>", "and a claim of theirs, NAME=VALUE; again for another, or another value of it", gathered)
    .option("--header <line>", "a request header, 'Name: value'; may be given again", gathered)
    .option("--cookie <cookie>", "whose session it opens: a value, NAME=VALUE or a whole Cookie header")
    .option("--peer <address>", "the address akproxy sees the request come from (default: a trusted proxy's)")
    .option("--json", "as JSON")
    .option("--show-secrets", "tokens, cookies and credentials in the headers, too")
    .addHelpText(
      "after",
      "\nExit: 0 explained, 1 no provider has the host, 74 no config or store, 77 may not be read, 78 the config is unusable" +
        "\n\nExamples:\n  akproxy explain https://app.company/admin --as alice --groups staff,ops" +
        "\n  akproxy explain https://app.company/api --header 'Accept: application/json' --json",
    )
    .action(async (url: string, options: ExplainOptions) => finish(await explainUrl(url, options)));
}

async function explainUrl(text: string, options: ExplainOptions): Promise<ExitCode> {
  const headers = givenHeaders(options.header ?? []);
  if (typeof headers === "string") return usage(headers, "write it as 'Name: value'");
  const wrong = wrongOption(options);
  if (wrong !== null) return usage(...wrong);
  // explain shows why an expectation is not met, so an unmet one does not stop it
  const read = await usableConfig(options.config, "skipped");
  if (read.kind === "unusable") return read.exitCode;
  const { config } = read;
  const given = givenUrl(text, originOf(config));
  if (given.kind === "unusable") return usage(given.message, "write https://HOST/PATH");
  const asked = askedOf(config, given.url, headers, options);
  try {
    return await printExplanation(config, asked, options);
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    error(thrown.message);
    return 74;
  }
}

async function printExplanation(config: Config, asked: Asked, options: ExplainOptions): Promise<ExitCode> {
  const found = await visitorOf(config, asked, options);
  if ("message" in found) {
    error(found.message, found.hint);
    return 74;
  }
  const jwksUri = "(the issuer's jwks_uri)";
  const outpost = { outpostName: config.outpostName, version, jwksUri };
  const question: Question = { ...asked, visitor: found.visitor, outpost };
  const explanation = explain(config, question);
  const style: ExplainStyle = { secrets: options.showSecrets === true ? "shown" : "hidden", cookie: found.note };
  out(options.json === true ? explanationJson(explanation, style) : explanationText(explanation, style));
  return explanation.kind === "no_provider" ? 1 : 0;
}

async function visitorOf(
  config: Config,
  asked: Asked,
  options: ExplainOptions,
): Promise<FoundVisitor | { readonly message: string; readonly hint: string | null }> {
  const named = namedVisitor(options);
  const cookie = firstValue(asked.headers, "cookie");
  if (named.visitor.kind === "known") return { ...named, visitor: loggingIn(config, asked, named.visitor) };
  if (cookie === null) return named;
  const provider = providerFor(config, asked);
  return provider === null ? named : await sessionVisitor(config, provider, cookie);
}

/** Somebody who is only thought of, with what the provider's ak_proxy table makes of them. */
function loggingIn(config: Config, asked: Asked, visitor: Extract<Visitor, { kind: "known" }>): Visitor {
  const provider = providerFor(config, asked);
  if (provider === null) return visitor;
  const login = assumedLogin(visitor.identity, provider);
  if (login.kind === "known") return { ...visitor, identity: login.identity };
  warning(`a login would be refused: ${login.reason}`, "say what the issuer sends: --claim NAME=VALUE");
  return visitor;
}

function askedOf(config: Config, url: GivenUrl, headers: HeaderLines, options: ExplainOptions): Asked {
  const asked = { url, method: options.method.toUpperCase(), headers, peer: options.peer ?? null };
  if (options.cookie === undefined) return asked;
  const cookie: HeaderLine = ["Cookie", cookieHeader(options.cookie, providerFor(config, asked))];
  return { ...asked, headers: [...headers, cookie] };
}

/** Where a path alone is: at the only provider there is. */
function originOf({ providers }: Config): string | null {
  const [only, ...others] = providers;
  return only !== undefined && others.length === 0 ? only.externalHost.origin : null;
}

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/; //  RFC 9110 5.6.2

/** The header lines of `--header`, or what is wrong with one. */
function givenHeaders(texts: readonly string[]): HeaderLines | string {
  const lines: HeaderLine[] = [];
  for (const text of texts) {
    const colon = text.indexOf(":");
    const [name, value] = [text.slice(0, Math.max(0, colon)), text.slice(colon + 1).trim()];
    if (!token.test(name) || /\p{Cc}/u.test(value)) return `--header: ${JSON.stringify(name)} begins no header line`;
    if (name.toLowerCase() === "host") return "--header: Host is told by the URL";
    lines.push([name, value]);
  }
  return lines;
}

function wrongOption({ method, peer, cookie, ...said }: ExplainOptions): [message: string, hint: string] | null {
  if (!token.test(method)) return [`--method: ${JSON.stringify(method)} is not a method`, "write GET or POST"];
  if (peer !== undefined && parseAddress(peer) === null) {
    return [`--peer: ${JSON.stringify(peer)} is not an address`, "write 192.0.2.1 or 2001:db8::1"];
  }
  const claim = (said.claim ?? []).find((text) => !/^[^=]+=/.test(text));
  if (claim !== undefined) return [`--claim: ${JSON.stringify(claim)} is no claim`, "write NAME=VALUE"];
  const named = (["as", "groups", "email", "claim"] as const).find((key) => said[key] !== undefined);
  if (cookie === undefined || named === undefined) return null;
  return [`--cookie and --${named} both say who asks`, "give one of them"];
}

function usage(message: string, hint: string): ExitCode {
  error(message, hint);
  return 2;
}
