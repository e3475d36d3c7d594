import type { CookieScope, Provider } from "../../core/provider.ts";
import { quoted, type Source } from "../file/source.ts";
import { cookieDomain } from "../read/cookie-domain.ts";
import type { OutputOf } from "./fields.ts";

/** The keys of a provider about its cookies. */
export const cookieKeys = {
  cookie_domain: cookieDomain()
    .prefault("")
    .describe("cookie domain, required in forward_domain, optional in forward_single; must cover external_host"),
};

type CookieTable = OutputOf<typeof cookieKeys> & {
  readonly mode?: Provider["mode"] | undefined;
  readonly external_host?: URL | null | undefined;
};

/** The cookie domain, if it covers the external host at a label boundary (RFC 6265bis 5.1.3). */
export function cookieDomainOf(source: Source, slug: string, table: CookieTable): string | null {
  const path = ["providers", slug, "cookie_domain"];
  const { cookie_domain: domain, external_host } = table;
  if (domain === null) {
    if (table.mode === "forward_domain" && !source.findings.isFaulty(path)) {
      source.findings.error(
        path,
        "is required in forward_domain",
        'write the parent domain of all hosts: "company.test"',
      );
    }
    return null;
  }
  if (!external_host) return null;
  if (covers(domain, external_host.hostname)) return domain;
  const message = `${quoted(source, path)} does not cover the host of external_host, ${external_host.hostname}`;
  source.findings.error(path, message, "write the host of external_host or a parent domain of it");
  return null;
}

/** Do browsers send a cookie of `domain` to `hostname`? */
export function covers(domain: string, hostname: string): boolean {
  return hostname === domain || hostname.endsWith(`.${domain}`);
}

/** Decision 17: because of the prefix, browsers refuse a cookie with another scope (RFC 6265bis 4.1.3). */
export function cookieScope(slug: string, externalHost: URL, domain: string | null): CookieScope {
  const secure = externalHost.protocol === "https:";
  const prefix = secure ? (domain === null ? "__Host-" : "__Secure-") : "";
  return { name: `${prefix}akproxy_${slug}`, domain, secure };
}
