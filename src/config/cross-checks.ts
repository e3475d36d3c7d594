import type { Provider } from "../core/provider.ts";
import { readSecrets } from "./file/secrets.ts";
import { quoted, type Source } from "./file/source.ts";
import { isTable, valueAt } from "./file/tree.ts";
import type { ConfigTable } from "./schema/schema.ts";
import { covers } from "./tables/cookie.ts";

/**
 * Checks that need the whole file: unique hosts and cookie domains, and secrets used twice. Providers with other problems take part, so
 * that one run reports everything.
 */
export function checkAcross(source: Source, table: ConfigTable, providers: readonly Provider[]): void {
  checkHosts(source, table);
  checkSharedSecret(source, providers);
  const tables = valueAt(source.raw, ["providers"]);
  if (isTable(tables) && Object.keys(tables).length === 0) {
    source.findings.error(["providers"], "has no provider", "add a table [providers.SLUG]", { kind: "key" });
  }
}

/** CFG-06: each host, in lower case without default port and trailing dot (decision 27), and each cookie domain has one provider. */
function checkHosts(source: Source, table: ConfigTable): void {
  const hostOwners = new Map<string, string>();
  const domainOwners = new Map<string, string>();
  for (const [slug, provider] of Object.entries(table.providers)) {
    const { external_host: external, cookie_domain: domain } = provider;
    if (!external) continue;
    const hostPath = ["providers", slug, "external_host"];
    claim(hostOwners, external.host, slug, (owner) => {
      const message = `${quoted(source, hostPath)} has the same host as provider "${owner}": ${external.host}`;
      source.findings.error(hostPath, message, "give each provider its own host");
    });
    if (provider.mode !== "forward_domain" || domain === null || !covers(domain, external.hostname)) continue;
    claim(domainOwners, domain, slug, (owner) => {
      const domainPath = ["providers", slug, "cookie_domain"];
      const message = `${quoted(source, domainPath)} is already the cookie domain of provider "${owner}"`;
      source.findings.error(domainPath, message, "use one forward_domain provider for the whole domain");
    });
  }
}

function claim(owners: Map<string, string>, name: string, slug: string, taken: (owner: string) => void): void {
  const owner = owners.get(name);
  if (owner === undefined) owners.set(name, slug);
  else taken(owner);
}

/** CFG-04: a person who knows one of these secrets must not know the other. */
function checkSharedSecret(source: Source, providers: readonly Provider[]): void {
  for (const secret of readSecrets(source, ["outpost"], "secret")) {
    const owner = providers.find((provider) => provider.oidc.clientSecret === secret.value);
    if (owner === undefined) continue;
    const message = `the outpost's secret is also the client secret of provider "${owner.slug}"`;
    source.findings.warning(secret.path, message, "make a different secret for the outpost: openssl rand -base64 48");
  }
}
