import { Command } from "commander";
import type { Config } from "../../core/config.ts";
import type { Visitor } from "../../core/decide/decide.ts";
import { explain, providerFor, type Question } from "../../core/explain/explain.ts";
import type { GivenRequest } from "../../core/explain/explain-request.ts";
import { Failure } from "../../core/failure.ts";
import { type GivenUrl, givenUrl } from "../../core/http/given-url.ts";
import { firstValue, type HeaderLine } from "../../core/http/header-lines.ts";
import { parseAddress } from "../../core/http/ip-address.ts";
import { assumedLogin } from "../../core/identity/assumed-identity.ts";
import { configOption, usableConfig } from "../config-file.ts";
import { type ExitCode, error, finish, out, warning } from "../terminal.ts";
import { badWord, repeatable, typedOption } from "../usage.ts";
import { version } from "../version.ts";
import { explanationJson } from "./explain-json.ts";
import { type ExplainStyle, explanationText } from "./explain-text.ts";
import { cookieHeader, namedVisitor, sessionVisitor, type VisitorOutcome } from "./explain-visitor.ts";

/** The options of `akproxy explain`, each read by its type. */
interface ExplainOptions {
  readonly config?: string;
  readonly method: string;
  readonly as?: string;
  readonly groups?: string;
  readonly email?: string;
  readonly claim?: readonly string[];
  readonly header?: readonly HeaderLine[];
  readonly cookie?: string;
  readonly peer?: string;
  readonly json?: true;
  readonly showSecrets?: true;
}

/** `akproxy explain`: what serve would do with a request, and why (spec: cli). */
export function explainCommand(): Command {
  return new Command("explain")
    .description("show what akproxy would do with a request, and why")
    .argument("<url>", "URL that the browser requests; a path is enough if the config has one provider")
    .addOption(configOption())
    .addOption(typedOption("--method <method>", "request method", methodOf).default("GET"))
    .option("--as <user>", "explain the request of a logged-in user with this user name")
    .option("--groups <groups>", "the user's groups: a,b")
    .option("--email <address>", "the user's e-mail address")
    .addOption(typedOption("--claim <claim>", "a claim of the user, NAME=VALUE; may be repeated", repeatable(claimOf)))
    .addOption(typedOption("--header <line>", "a request header, 'Name: value'; may be repeated", repeatable(headerOf)))
    .option("--cookie <cookie>", "explain the request of this session: a value, NAME=VALUE or a whole Cookie header")
    .addOption(
      typedOption("--peer <address>", "address that the request comes from (default: a trusted proxy)", peerOf),
    )
    .option("--json", "print JSON")
    .option("--show-secrets", "print tokens, cookies and credentials in the headers, too")
    .addHelpText(
      "after",
      "\nExit: 0 explained, 1 no provider has the host, 2 usage, 74 no config file or store," +
        "\n      77 no permission to read, 78 the config is unusable" +
        "\n\nExamples:\n  akproxy explain https://app.company/admin --as alice --groups staff,ops" +
        "\n  akproxy explain https://app.company/api --header 'Accept: application/json' --json",
    )
    .action(async (url: string, options: ExplainOptions) => finish(await explainUrl(url, options)));
}

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/; //  RFC 9110 5.6.2

function methodOf(word: string): string {
  if (token.test(word)) return word.toUpperCase();
  throw badWord(`--method: ${JSON.stringify(word)} is not a method`, "write GET or POST");
}

function peerOf(word: string): string {
  if (parseAddress(word) !== null) return word;
  throw badWord(`--peer: ${JSON.stringify(word)} is not an address`, "write 192.0.2.1 or 2001:db8::1");
}

function claimOf(word: string): string {
  if (/^[^=]+=/.test(word)) return word;
  throw badWord(`--claim: ${JSON.stringify(word)} is not NAME=VALUE`, "write --claim department=it");
}

function headerOf(word: string): HeaderLine {
  const colon = word.indexOf(":");
  const [name, value] = [word.slice(0, Math.max(0, colon)), word.slice(colon + 1).trim()];
  if (!token.test(name) || /\p{Cc}/u.test(value)) {
    throw badWord(
      `--header: ${JSON.stringify(name)} does not begin a header line`,
      "write --header 'Accept: text/html'",
    );
  }
  if (name.toLowerCase() === "host") throw badWord("--header: Host is part of the URL", "write the host in the URL");
  return [name, value];
}

async function explainUrl(text: string, options: ExplainOptions): Promise<ExitCode> {
  const named = (["as", "groups", "email", "claim"] as const).find((key) => options[key] !== undefined);
  if (options.cookie !== undefined && named !== undefined) {
    return usage(`--cookie and --${named} both name the user`, "remove one of them");
  }
  // explain shows why an expectation is not met, so an unmet one does not stop it
  const read = await usableConfig(options.config, "skipped");
  if (read.kind === "unusable") return read.exitCode;
  const { config } = read;
  const url = givenUrl(text, originOf(config));
  if (url.kind === "unusable") return usage(url.message, "write https://HOST/PATH");
  try {
    return await printExplanation(config, givenRequest(config, url.url, options), options);
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    error(thrown.message);
    return 74;
  }
}

async function printExplanation(config: Config, given: GivenRequest, options: ExplainOptions): Promise<ExitCode> {
  const found = await visitorOf(config, given, options);
  if (found.kind === "unusable") {
    error(found.message, found.hint);
    return 74;
  }
  const jwksUri = "(the issuer's jwks_uri)";
  const outpost = { outpostName: config.outpostName, version, jwksUri };
  const question: Question = { ...given, visitor: found.visitor, outpost };
  const explanation = explain(config, question);
  const style: ExplainStyle = { secrets: options.showSecrets === true ? "shown" : "hidden", cookie: found.note };
  out(options.json === true ? explanationJson(explanation, style) : explanationText(explanation, style));
  return explanation.kind === "no_provider" ? 1 : 0;
}

async function visitorOf(config: Config, given: GivenRequest, options: ExplainOptions): Promise<VisitorOutcome> {
  const named = namedVisitor(options);
  const cookie = firstValue(given.headers, "cookie");
  if (named.visitor.kind === "known") return { ...named, visitor: loggingIn(config, given, named.visitor) };
  if (cookie === null) return named;
  const provider = providerFor(config, given);
  return provider === null ? named : await sessionVisitor(config, provider, cookie);
}

/** A hypothetical user, with the attributes that the provider's ak_proxy table adds at a login. */
function loggingIn(config: Config, given: GivenRequest, visitor: Extract<Visitor, { kind: "known" }>): Visitor {
  const provider = providerFor(config, given);
  if (provider === null) return visitor;
  const login = assumedLogin(visitor.identity, provider);
  if (login.kind === "known") return { ...visitor, identity: login.identity };
  warning(`the login would be refused: ${login.reason}`, "give the claims that the issuer sends: --claim NAME=VALUE");
  return visitor;
}

function givenRequest(config: Config, url: GivenUrl, options: ExplainOptions): GivenRequest {
  const { method, header: headers = [], peer = null } = options;
  const given = { url, method, headers, peer };
  if (options.cookie === undefined) return given;
  const cookie: HeaderLine = ["Cookie", cookieHeader(options.cookie, providerFor(config, given))];
  return { ...given, headers: [...headers, cookie] };
}

/** The origin of a path that is given alone: the only provider's; null: there are several. */
function originOf({ providers }: Config): string | null {
  const [only, ...others] = providers;
  return only !== undefined && others.length === 0 ? only.externalHost.origin : null;
}

function usage(message: string, hint: string): ExitCode {
  error(message, hint);
  return 2;
}
