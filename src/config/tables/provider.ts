import { z } from "zod";
import { byClaimKey } from "../../core/identity/identity-fields.ts";
import type { Provider } from "../../core/provider.ts";
import { quoted, type Source } from "../file/source.ts";
import { isWritten } from "../file/tree.ts";
import { duration, lifetime } from "../read/amounts.ts";
import { readCertificate } from "../read/certificates.ts";
import { pathWidth, urlWidth } from "../read/pattern-width.ts";
import { patterns, warnWide } from "../read/patterns.ts";
import { flag, headerText, text, textOf } from "../read/text-type.ts";
import { isLoopback, origin } from "../read/web-address.ts";
import { akProxyOf, akProxyTable } from "./ak-proxy.ts";
import { allowOf, allowTable, claimPath, claimsAskedFor } from "./allow.ts";
import { cookieDomainOf, cookieKeys, cookieScope } from "./cookie.ts";
import { expectTable } from "./expect.ts";
import { fieldsOf } from "./fields.ts";
import { oidcOf, oidcOverrides, type oidcTable } from "./oidc.ts";
import { rulesOf, ruleTable, type ServedHosts } from "./rules.ts";
import type { ServerTable } from "./server.ts";
import { upstreamKeys, upstreamOf } from "./upstream.ts";

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
  ...upstreamKeys,
  ...cookieKeys,
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
