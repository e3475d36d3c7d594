import type { Provider } from "../core/provider.ts";
import { readSecrets } from "./secrets.ts";
import { quoted, type Source } from "./source.ts";
import { isTable, valueAt } from "./tree.ts";

/** What can only be seen with all providers side by side. */
export function checkAcross(source: Source, providers: readonly Provider[], secrets: readonly string[]): void {
  checkHosts(source, providers);
  checkCookieDomains(source, providers);
  checkSharedSecret(source, providers, secrets);
  checkProvidersExist(source);
}

/** CFG-06: hosts compare in lower case, without default port and trailing dot (decision 27); the reader has made them so. */
function checkHosts(source: Source, providers: readonly Provider[]): void {
  const owners = new Map<string, string>();
  for (const { slug, externalHost } of providers) {
    const owner = owners.get(externalHost.host);
    const path = ["providers", slug, "external_host"];
    if (owner === undefined) owners.set(externalHost.host, slug);
    else {
      const message = `${quoted(source, path)} has the host of provider "${owner}", ${externalHost.host}`;
      source.findings.error(path, message, "give each provider its own host");
    }
  }
}

function checkCookieDomains(source: Source, providers: readonly Provider[]): void {
  const owners = new Map<string, string>();
  for (const provider of providers) {
    if (provider.mode !== "forward_domain") continue;
    const owner = owners.get(provider.cookieDomain);
    if (owner === undefined) owners.set(provider.cookieDomain, provider.slug);
    else {
      const path = ["providers", provider.slug, "cookie_domain"];
      source.findings.error(path, `is provider "${owner}"'s already`, "one forward_domain provider guards a domain");
    }
  }
}

/** CFG-04: who knows the one must not know the other. */
function checkSharedSecret(source: Source, providers: readonly Provider[], secrets: readonly string[]): void {
  for (const { slug, oidc } of providers) {
    if (oidc.clientSecret === "" || !secrets.includes(oidc.clientSecret)) continue;
    const path = readSecrets(source, ["outpost"], "secret").find((secret) => secret.value === oidc.clientSecret)?.path;
    const message = `the outpost's secret is also the client secret of provider "${slug}"`;
    source.findings.warning(path ?? ["outpost"], message, "make another for the outpost: openssl rand -base64 48");
  }
}

function checkProvidersExist(source: Source): void {
  const tables = valueAt(source.raw, ["providers"]);
  if (isTable(tables) && Object.keys(tables).length === 0) {
    source.findings.error(["providers"], "has no provider", "add a table [providers.SLUG]", { kind: "key" });
  }
}
