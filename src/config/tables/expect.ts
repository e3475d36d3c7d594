import { z } from "zod";
import { type ProviderDirectory, providerDirectory } from "../../core/decide/choose-provider.ts";
import type { Visitor } from "../../core/decide/decide.ts";
import { accessBy, becauseText, decideAbout } from "../../core/decide/expectation.ts";
import { type GivenUrl, givenUrl } from "../../core/http/given-url.ts";
import { assumedIdentity } from "../../core/identity/assumed-identity.ts";
import type { Provider } from "../../core/provider.ts";
import { quoted, type Source } from "../file/source.ts";
import type { Path } from "../findings.ts";
import { text, texts } from "../read/text-type.ts";
import { claimValues } from "./allow.ts";

/** One of a provider's `expect`. */
export const expectTable = z.strictObject({
  url: z.string().describe("a URL of this provider, or a path at external_host"),
  method: text("GET", "request method"),
  as: z
    .strictObject({
      username: text("", "user name"),
      groups: texts("groups of this user"),
      email: text("", "email address of this user"),
      claims: claimValues().prefault({}).describe("claims of this user"),
    })
    .optional()
    .describe("the user who sends the request; absent: an anonymous user"),
  is: z.enum(["public", "login", "allowed", "denied"]).describe("the expected result"),
});

type Expect = z.output<typeof expectTable>;

/**
 * Compares every `expect` with what serve would decide. A failed expectation is an error at its place, so that a config with the wrong
 * access is never served. Skipped while the file has any other error, because the decision is not known then.
 */
export function checkExpectations(
  source: Source,
  tables: Readonly<Record<string, { readonly expect: readonly Expect[] }>>,
  providers: readonly Provider[],
): void {
  if (source.findings.all.some((finding) => finding.severity === "error")) return;
  const directory = providerDirectory(providers);
  for (const provider of providers) {
    for (const [index, expected] of (tables[provider.slug]?.expect ?? []).entries()) {
      const path = ["providers", provider.slug, "expect", index];
      const url = urlOf(source, [...path, "url"], expected, provider, directory);
      if (url !== null) compare(source, path, expected, url, provider);
    }
  }
}

/** The URL of an expectation; null, with an error, if its host is not a host of `provider`. */
function urlOf(
  source: Source,
  path: Path,
  expected: Expect,
  provider: Provider,
  directory: ProviderDirectory,
): GivenUrl | null {
  const read = givenUrl(expected.url, provider.externalHost.origin);
  if (read.kind === "unusable") {
    source.findings.error(path, `${quoted(source, path)} is neither a URL nor a path`, read.hint);
    return null;
  }
  const { url } = read;
  const chosen = directory.choose(url.host);
  if (chosen === provider) return url;
  const owner = chosen === null ? "that no provider has" : `of provider "${chosen.slug}"`;
  const hint = "move the expectation to the provider that has this host";
  source.findings.error(path, `${quoted(source, path)} has a host ${owner}`, hint);
  return null;
}

function compare(source: Source, path: Path, expected: Expect, url: GivenUrl, provider: Provider): void {
  const method = expected.method.toUpperCase();
  const decision = decideAbout({ url, method, visitor: visitorOf(expected) }, provider);
  const is = accessBy(decision, provider);
  if (is === expected.is) return;
  const who = expected.as === undefined ? "an anonymous user" : whoText(source, path);
  const request = `${method} ${quoted(source, [...path, "url"])} by ${who}`;
  source.findings.error(
    [...path, "is"],
    `${request} is ${is}, not ${expected.is}: ${becauseText(decision.because)}`,
    "correct the rule or the expectation; show the whole decision with: akproxy explain",
  );
}

function visitorOf({ as }: Expect): Visitor {
  if (as === undefined) return { kind: "anonymous" };
  return { kind: "known", identity: assumedIdentity(as), via: "session" };
}

function whoText(source: Source, path: Path): string {
  const name = quoted(source, [...path, "as", "username"]);
  return name === "undefined" || name === '""' ? "a logged-in user" : name;
}
