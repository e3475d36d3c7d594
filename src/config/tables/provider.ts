import { z } from "zod";
import { byClaimKey } from "../../core/identity/identity-fields.ts";
import type { CookieScope, Provider, Upstream } from "../../core/provider.ts";
import { quoted, type Source } from "../file/source.ts";
import { isWritten } from "../file/tree.ts";
import { duration, lifetime } from "../read/amounts.ts";
import { readAuthorities, readCertificate } from "../read/certificates.ts";
import { cookieDomain } from "../read/cookie-domain.ts";
import { pathWidth, urlWidth } from "../read/pattern-width.ts";
import { patterns, warnWide } from "../read/patterns.ts";
import { flag, headerText, text, textOf } from "../read/text-type.ts";
import { isLoopback, origin, serverName, upstream } from "../read/web-address.ts";
import { akProxyOf, akProxyTable } from "./ak-proxy.ts";
import { allowOf, allowTable, claimPath, claimsAskedFor } from "./allow.ts";
import { expectTable } from "./expect.ts";
import { fieldsOf } from "./fields.ts";
import { oidcOf, oidcOverrides, type oidcTable } from "./oidc.ts";
import { rulesOf, ruleTable, type ServedHosts } from "./rules.ts";
import type { ServerTable } from "./server.ts";

/** Keys that are fields of Provider, with the same name in camel case. Such a key needs a line here and a field in core/provider.ts. */
const plainKeys = {
  intercept_header_auth: flag(
    true,
    "answer a refused Bearer or Basic credential with 401; false: treat the request as anonymous",
  ),
  header_encoding: z
    .enum(["utf8", "percent", "rfc2047"])
    .default("utf8")
    .describe("encoding of identity header values that are not ASCII"),
  groups_filter: patterns()
    .prefault([])
    .describe("groups to send in X-authentik-groups, Go RE2 syntax; empty: every group"),
  send_jwt: flag(true, "send X-authentik-jwt, which can be large"),
  claims: z
    .strictObject(
      byClaimKey(({ claim, header }) => textOf(claimPath, "").prefault(claim).describe(`claim of ${header}`)),
    )
    .prefault({})
    .describe(
      "the claim of each identity header; a dotted path names a claim inside another (Keycloak: realm_access.roles)",
    ),
};

/** `[providers.SLUG]`: every key with its default and meaning (spec: config, a provider). */
export const providerTable = z.strictObject({
  name: headerText().optional().describe("sent as X-authentik-meta-provider; default: the slug"),
  mode: z.enum(["proxy", "forward_single", "forward_domain"]).describe("how requests reach akproxy"),
  external_host: origin().describe("URL of the application for browsers; in forward_domain the authentication URL"),
  internal_host: upstream()
    .prefault("")
    .describe("URL of the upstream, required in proxy mode: http://, https:// or unix:/path"),
  internal_host_ssl_validation: flag(true, "verify the certificate of the upstream"),
  internal_host_ca_file: text("", "PEM file of the authorities that sign the certificate of the upstream"),
  internal_host_server_name: serverName()
    .prefault("")
    .describe("host name to request (SNI) and to verify in the certificate of the upstream"),
  cookie_domain: cookieDomain()
    .prefault("")
    .describe("cookie domain, required in forward_domain, optional in forward_single; must cover external_host"),
  skip_path_regex: patterns()
    .prefault([])
    .describe(
      "public paths (in forward_domain whole URLs), Go RE2 syntax; a list, or a string with one regex per line",
    ),
  protect_path_regex: patterns()
    .prefault([])
    .describe("paths that always need a login; takes precedence over skip_path_regex"),
  ...oidcOverrides,
  basic_auth_enabled: flag(false, "send HTTP Basic credentials to the upstream"),
  basic_auth_user_attribute: text("", "key of the user name in user_attributes; empty: the email address"),
  basic_auth_password_attribute: text(
    "",
    "key of the password in user_attributes; required if basic_auth_enabled is true",
  ),
  session_max: lifetime().optional().describe("maximum lifetime of a session; default: sessions.max"),
  session_idle: duration().optional().describe("idle limit of a session; default: sessions.idle"),
  websocket_logout: z
    .enum(["close", "keep"])
    .default("close")
    .describe("what happens to open WebSockets and event streams when their session ends"),
  certificate_file: text("", "PEM file with the certificate chain that akproxy serves for external_host (SNI)"),
  key_file: text("", "PEM file with the private key of the certificate, or credential:NAME"),
  ...plainKeys,
  ak_proxy: akProxyTable,
  allow: allowTable
    .optional()
    .describe("the users who may enter: those who match any of these keys; absent: every logged-in user"),
  rules: z
    .array(ruleTable)
    .prefault([])
    .describe("access rules; the first that matches decides, before skip_path_regex and allow"),
  expect: z
    .array(expectTable)
    .prefault([])
    .describe("expectations, checked by akproxy validate, at start and before every reload"),
});

/** One provider of the file; `mode` and `external_host` are absent when they were missing or wrong. */
export type ProviderTable = z.output<ReturnType<typeof providerTable.partial<{ mode: true; external_host: true }>>>;

/** The tables of the file that a provider takes defaults from. */
export interface Shared {
  readonly oidc: z.output<typeof oidcTable>;
  readonly sessions: ServerTable["sessions"];
}

/** Provider `slug`, or null if a required key is missing or wrong. Every problem of the provider is reported in both cases. */
export function providerOf(source: Source, slug: string, table: ProviderTable, shared: Shared): Provider | null {
  const path = ["providers", slug];
  const externalHost = table.external_host ?? null;
  if (externalHost !== null) warnExternalHost(source, slug, externalHost);
  const domain = cookieDomainOf(source, slug, table);
  const internal = upstreamOf(source, slug, table);
  const { overrideHosts, ...akProxy } = akProxyOf(source, [...path, "ak_proxy"], table.ak_proxy);
  const common = {
    ...fieldsOf(plainKeys, table),
    slug,
    name: table.name ?? slug,
    oidc: oidcOf(source, slug, table, shared.oidc),
    sessionSeconds: table.session_max ?? shared.sessions.max,
    idleSeconds: table.session_idle ?? shared.sessions.idle,
    refreshesClaims: shared.sessions.refresh,
    ...accessOf(source, slug, table, domain),
    basicAuth: basicAuthOf(source, slug, table),
    ...akProxy,
    endsStreams: table.websocket_logout === "close",
    certificate: readCertificate(source, path, table),
  };
  if (externalHost === null) return null;
  const whole = { ...common, externalHost, cookie: cookieScope(slug, externalHost, domain) };
  switch (table.mode) {
    case "proxy":
      return internal === null ? null : { ...whole, mode: "proxy", upstream: internal, overrideHosts };
    case "forward_single":
      return { ...whole, mode: "forward_single" };
    case "forward_domain":
      return domain === null ? null : { ...whole, mode: "forward_domain", cookieDomain: domain };
    case undefined:
      return null;
  }
}

type AccessKeys = Pick<Provider, "skipPaths" | "protectPaths" | "allow" | "rules" | "keptClaims">;

/** The keys that decide who may enter, with warnings of what opens more than intended. */
function accessOf(source: Source, slug: string, table: ProviderTable, domain: string | null): AccessKeys {
  const path = ["providers", slug];
  warnOpenDomain(source, slug, table, domain);
  const widthOf = table.mode === "forward_domain" ? urlWidth : pathWidth;
  warnWide(source, [...path, "skip_path_regex"], table.skip_path_regex, widthOf);
  const allow = allowOf(source, [...path, "allow"], table.allow);
  const rules = rulesOf(source, [...path, "rules"], table.rules, servedHosts(table, domain));
  return {
    skipPaths: table.skip_path_regex,
    protectPaths: table.protect_path_regex,
    allow,
    rules,
    keptClaims: claimsAskedFor([allow, ...rules.map(({ access }) => (access.kind === "allow" ? access.allow : null))]),
  };
}

function servedHosts({ mode, external_host }: ProviderTable, domain: string | null): ServedHosts | null {
  if (!external_host || mode === undefined || (mode === "forward_domain" && domain === null)) return null;
  return { hostname: external_host.hostname, domain: mode === "forward_domain" ? domain : null };
}

/** CFG-10: without rules and allow every user may enter every host, as authentik documents for its domain level. */
function warnOpenDomain(source: Source, slug: string, table: ProviderTable, domain: string | null): void {
  if (table.mode !== "forward_domain" || domain === null) return;
  if (table.allow !== undefined || isWritten(source.raw, ["providers", slug, "rules"])) return;
  source.findings.warning(
    ["providers", slug, "mode"],
    `every user may enter every host under ${domain}: the provider has neither rules nor allow`,
    'add rules or allow; to let every user enter, write rules = [{ access = "login" }]',
  );
}

/** Decision 17: because of the prefix, browsers refuse a cookie with another scope (RFC 6265bis 4.1.3). */
function cookieScope(slug: string, externalHost: URL, domain: string | null): CookieScope {
  const secure = externalHost.protocol === "https:";
  const prefix = secure ? (domain === null ? "__Host-" : "__Secure-") : "";
  return { name: `${prefix}akproxy_${slug}`, domain, secure };
}

function warnExternalHost(source: Source, slug: string, url: URL): void {
  const path = ["providers", slug, "external_host"];
  if (url.protocol === "http:" && !isLoopback(url.hostname)) {
    const message = `${quoted(source, path)} is not https: the session cookie can be read in transit`;
    source.findings.warning(path, message, "use https, also behind a proxy that terminates TLS");
  }
  if (url.pathname !== "/") {
    source.findings.warning(path, "has a path, which has no effect: a provider covers a whole host", "remove the path");
  }
}

/** The cookie domain, if it covers the external host at a label boundary (RFC 6265bis 5.1.3). */
function cookieDomainOf(source: Source, slug: string, table: ProviderTable): string | null {
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

/** The upstream of a proxy provider; null in the other modes, and if internal_host is missing or wrong. */
function upstreamOf(source: Source, slug: string, table: ProviderTable): Upstream | null {
  const at = (key: string) => ["providers", slug, key];
  const caPem = readAuthorities(source, at("internal_host_ca_file"), table.internal_host_ca_file);
  if (!table.internal_host_ssl_validation) {
    const hint = "name its certificate authority in internal_host_ca_file instead";
    source.findings.warning(at("internal_host_ssl_validation"), "the upstream's certificate is not verified", hint);
  }
  if (table.internal_host === null) {
    if (table.mode === "proxy" && !source.findings.isFaulty(at("internal_host"))) {
      const hint = 'write internal_host = "http://127.0.0.1:8080"';
      source.findings.error(at("internal_host"), "is required in proxy mode", hint);
    }
    return null;
  }
  return {
    ...table.internal_host,
    reach: "anywhere",
    verifyTls: table.internal_host_ssl_validation,
    caPem,
    serverName: table.internal_host_server_name,
  };
}

function basicAuthOf(source: Source, slug: string, table: ProviderTable): Provider["basicAuth"] {
  if (!table.basic_auth_enabled) {
    for (const key of ["basic_auth_user_attribute", "basic_auth_password_attribute"] as const) {
      if (table[key] === "") continue;
      source.findings.warning(
        ["providers", slug, key],
        "has no effect while basic_auth_enabled is false",
        "set basic_auth_enabled = true, or remove this key",
      );
    }
    return null;
  }
  if (table.basic_auth_password_attribute === "") {
    // decision 29
    source.findings.error(
      ["providers", slug, "basic_auth_enabled"],
      "needs basic_auth_password_attribute",
      "name the key of user_attributes that holds the password",
    );
  }
  return {
    userAttribute: table.basic_auth_user_attribute,
    passwordAttribute: table.basic_auth_password_attribute,
  };
}
