import type { CookieScope, Provider } from "../../core/provider.ts";
import { quoted, type Source, take } from "../file/source.ts";
import { isWritten } from "../file/tree.ts";
import { headerText } from "../read/header-text.ts";
import { readAkProxy } from "../read/read-ak-proxy.ts";
import { claimsAskedFor, isClaimPath, readAllow } from "../read/read-allow.ts";
import { readCertificate } from "../read/read-certificate.ts";
import { readCookieDomain } from "../read/read-cookie-domain.ts";
import { readDuration } from "../read/read-duration.ts";
import { readOverrideHosts } from "../read/read-override-hosts.ts";
import { readPatterns } from "../read/read-patterns.ts";
import { isLoopback, readExternalHost } from "../read/read-web-address.ts";
import type { ConfigTable, ProviderTable } from "../schema/schema.ts";
import { buildOidc } from "./build-oidc.ts";
import { buildRules, type ServedHosts } from "./build-rules.ts";
import { buildUpstream } from "./build-upstream.ts";

/** Provider `slug`, or null when something that it cannot be without is missing or wrong; all of it is reported either way. */
export function buildProvider(source: Source, slug: string, table: ConfigTable): Provider | null {
  const provider = table.providers[slug];
  if (provider === undefined) return null;
  const externalHost = externalHostOf(source, slug, provider);
  const cookieDomain = cookieDomainOf(source, slug, provider, externalHost);
  const upstream = buildUpstream(source, slug, provider);
  warnOpenDomain(source, slug, provider, cookieDomain);
  const allow = readAllow(source, ["providers", slug, "allow"], provider.allow);
  const rules = buildRules(source, slug, provider, servedHosts(provider, externalHost, cookieDomain));
  const overrideHosts = readOverrideHosts(
    source,
    ["providers", slug, "ak_proxy", "backend_override_hosts"],
    provider.ak_proxy.backend_override_hosts,
  );
  const common = {
    slug,
    name: headerText(source, ["providers", slug, "name"], provider.name ?? slug),
    oidc: buildOidc(source, slug, provider, table.oidc),
    ...sessionLives(source, slug, table),
    refreshesClaims: table.sessions.refresh,
    skipPaths: readPatterns(source, slug, "skip_path_regex"),
    protectPaths: readPatterns(source, slug, "protect_path_regex"),
    interceptHeaderAuth: provider.intercept_header_auth,
    basicAuth: basicAuthOf(source, slug, provider),
    claims: claimsOf(source, slug, provider),
    keptClaims: claimsAskedFor([allow, ...rules.map(({ access }) => (access.kind === "allow" ? access.allow : null))]),
    ...readAkProxy(source, slug, provider, overrideHosts),
    allow,
    rules,
    headerEncoding: provider.header_encoding,
    sendJwt: provider.send_jwt,
    groupsFilter: readPatterns(source, slug, "groups_filter"),
    endsStreams: provider.websocket_logout === "close",
    certificate: readCertificate(source, ["providers", slug], {
      certificate: provider.certificate_file,
      key: provider.key_file,
    }),
  };
  if (externalHost === null) return null;
  const whole = { ...common, externalHost, cookie: cookieScope(slug, externalHost, cookieDomain) };
  switch (provider.mode) {
    case "proxy":
      return upstream === null ? null : { ...whole, mode: "proxy", upstream, overrideHosts };
    case "forward_single":
      return { ...whole, mode: "forward_single" };
    case "forward_domain":
      return cookieDomain === null ? null : { ...whole, mode: "forward_domain", cookieDomain };
    case undefined:
      return null;
  }
}

function servedHosts(
  { mode }: ProviderTable,
  externalHost: URL | null,
  cookieDomain: string | null,
): ServedHosts | null {
  if (externalHost === null || mode === undefined || (mode === "forward_domain" && cookieDomain === null)) return null;
  return { hostname: externalHost.hostname, domain: mode === "forward_domain" ? cookieDomain : null };
}

/** CFG-10: what authentik documents of its domain level, said once where nothing in the file says otherwise. */
function warnOpenDomain(source: Source, slug: string, provider: ProviderTable, cookieDomain: string | null): void {
  if (provider.mode !== "forward_domain" || cookieDomain === null) return;
  if (provider.allow !== undefined || isWritten(source.raw, ["providers", slug, "rules"])) return;
  source.findings.warning(
    ["providers", slug, "mode"],
    `every user may enter every host under ${cookieDomain}: there are neither rules nor allow`,
    'say who may enter what; if everybody is meant: rules = [{ access = "login" }]',
  );
}

/** Decision 17: the prefix makes the browser itself refuse a cookie with another scope (RFC 6265bis 4.1.3). */
function cookieScope(slug: string, externalHost: URL, domain: string | null): CookieScope {
  const secure = externalHost.protocol === "https:";
  const prefix = secure ? (domain === null ? "__Host-" : "__Secure-") : "";
  return { name: `${prefix}akproxy_${slug}`, domain, secure };
}

function externalHostOf(source: Source, slug: string, provider: ProviderTable): URL | null {
  const path = ["providers", slug, "external_host"];
  if (provider.external_host === undefined) return null;
  const url = take(source, path, readExternalHost(provider.external_host), null);
  if (url === null) return null;
  if (url.protocol === "http:" && !isLoopback(url.hostname)) {
    const message = `${quoted(source, path)} is not https: the session cookie can be read on its way`;
    source.findings.warning(path, message, "use https, also behind a proxy that ends TLS");
  }
  if (url.pathname !== "/") {
    source.findings.warning(path, "has a path, which has no effect: a provider is a whole host", "leave out the path");
  }
  return url;
}

function cookieDomainOf(
  source: Source,
  slug: string,
  provider: ProviderTable,
  externalHost: URL | null,
): string | null {
  const path = ["providers", slug, "cookie_domain"];
  if (provider.cookie_domain === "") {
    if (provider.mode === "forward_domain") {
      source.findings.error(path, "is required in forward_domain", 'write the domain of all hosts: "company.test"');
    }
    return null;
  }
  if (provider.mode === "proxy") {
    source.findings.error(path, "has no meaning in proxy mode", "remove it: the cookie belongs to external_host alone");
    return null;
  }
  if (externalHost === null) return null;
  return take(source, path, readCookieDomain(provider.cookie_domain, externalHost.hostname), null);
}

function sessionLives(
  source: Source,
  slug: string,
  table: ConfigTable,
): { sessionSeconds: number; idleSeconds: number } {
  const life = (key: "max" | "idle"): number => {
    const own = table.providers[slug]?.[`session_${key}`];
    const path = own === undefined ? ["sessions", key] : ["providers", slug, `session_${key}`];
    const seconds = take(source, path, readDuration(own ?? table.sessions[key]), null);
    if (seconds === 0 && key === "max") source.findings.error(path, "is 0", 'a session needs a life: "24h"');
    return seconds ?? 0;
  };
  return { sessionSeconds: life("max"), idleSeconds: life("idle") };
}

function basicAuthOf(source: Source, slug: string, provider: ProviderTable): Provider["basicAuth"] {
  if (!provider.basic_auth_enabled) {
    for (const key of ["basic_auth_user_attribute", "basic_auth_password_attribute"] as const) {
      if (provider[key] === "") continue;
      source.findings.warning(["providers", slug, key], "has no effect: basic_auth_enabled is not true", "add it");
    }
    return null;
  }
  if (provider.basic_auth_password_attribute === "") {
    // decision 29
    source.findings.error(
      ["providers", slug, "basic_auth_enabled"],
      "needs basic_auth_password_attribute",
      "name the key of user_attributes that holds the password",
    );
  }
  return {
    userAttribute: provider.basic_auth_user_attribute,
    passwordAttribute: provider.basic_auth_password_attribute,
  };
}

function claimsOf(source: Source, slug: string, provider: ProviderTable): Provider["claims"] {
  for (const [key, claim] of Object.entries(provider.claims)) {
    if (claim === "" || isClaimPath(claim)) continue; // "": the header stays empty
    source.findings.error(
      ["providers", slug, "claims", key],
      "is not a claim's name or dotted path",
      "write name or outer.inner",
    );
  }
  return provider.claims;
}
