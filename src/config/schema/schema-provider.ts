import { z } from "zod";
import { byClaimKey } from "../../core/identity/identity-fields.ts";
import { oidcOverrides } from "./schema-oidc.ts";

const text = (initial: string, meaning: string) => z.string().default(initial).describe(meaning);
const flag = (initial: false | true, meaning: string) => z.boolean().default(initial).describe(meaning);
const texts = (meaning: string) => z.array(z.string()).default([]).describe(meaning);
const patterns = (meaning: string) =>
  z
    .union([z.string(), z.array(z.string())])
    .default([])
    .describe(meaning);

const claimValues = (meaning: string) =>
  z
    .record(z.string(), z.union([z.string(), z.array(z.string())]))
    .default({})
    .describe(meaning);

const claims = z
  .strictObject(byClaimKey(({ claim, header }) => text(claim, `claim of ${header}`)))
  .prefault({})
  .describe("which claim feeds which header; a dotted path reaches inside (Keycloak: realm_access.roles)");

const akProxy = z
  .strictObject({
    backend_override: text("", "another upstream per user; {claim} is replaced by the claim"),
    host_header: text("", 'the Host the upstream gets; "{internal_host}": its own; {claim} is replaced by the claim'),
    backend_override_hosts: texts("the only hosts an override may name: host, host:port, *.suffix, *"),
    user_attributes: z
      .record(z.string(), z.unknown())
      .default({})
      .describe("attributes of every user, {claim} replaced in texts; additionalHeaders in it become request headers"),
  })
  .prefault({})
  .describe("what authentik's scope mappings return, written here");

const allow = z.strictObject({
  groups: texts("members of one of these groups"),
  users: texts("these user names"),
  emails: texts("these email addresses"),
  email_domains: texts("email addresses of these domains"),
  claims: claimValues('any claim that is, or has in its list, one of these values: { department = ["it"] }'),
});

const rule = z.strictObject({
  hosts: texts("hosts this rule is about; *.suffix"),
  path_regex: text("", "paths this rule is about, Go RE2 syntax"),
  methods: texts("methods this rule is about"),
  allow: allow.optional().describe("who may enter"),
  access: z.enum(["public", "login", "deny"]).optional().describe("instead of allow"),
});

const expectation = z.strictObject({
  url: z.string().describe("a URL of this provider"),
  method: text("GET", "request method"),
  as: z
    .strictObject({
      username: text("", "user name"),
      groups: texts("groups of this user"),
      email: text("", "email address of this user"),
      claims: claimValues("claims of this user that allow or rules ask about"),
    })
    .optional()
    .describe("who asks; absent: anonymous"),
  is: z.enum(["public", "login", "allowed", "denied"]).describe("the verdict it must get"),
});

/** `[providers.SLUG]`: every key with its default and meaning (spec: config, a provider). */
export const providerTable = z.strictObject({
  name: z.string().optional().describe("X-authentik-meta-provider; default: the slug"),
  mode: z.enum(["proxy", "forward_single", "forward_domain"]).describe("how requests reach akproxy"),
  external_host: z.string().describe("URL where the browser reaches it; in forward_domain the authentication URL"),
  internal_host: text("", "URL of the upstream, required in proxy mode: http://, https:// or unix:/path"),
  internal_host_ssl_validation: flag(true, "verify the upstream's certificate"),
  internal_host_ca_file: text("", "PEM file of the authorities that sign the upstream's certificate"),
  internal_host_server_name: text("", "name to ask for (SNI) and to verify in the upstream's certificate"),
  cookie_domain: text("", "domain of the cookie in forward_domain and forward_single; must cover external_host"),
  skip_path_regex: patterns("unauthenticated paths (URLs in forward_domain), Go RE2 syntax, a regex a line or a list"),
  protect_path_regex: patterns("wins over skip_path_regex: what matches always needs a login"),
  ...oidcOverrides,
  intercept_header_auth: flag(
    true,
    "answer a refused Bearer or Basic credential with 401; false: take its sender for anybody else",
  ),
  basic_auth_enabled: flag(false, "send HTTP Basic credentials to the upstream"),
  basic_auth_user_attribute: text("", "key of the user name in user_attributes; empty: the email"),
  basic_auth_password_attribute: text("", "key of the password in user_attributes; required when enabled"),
  session_max: z.string().optional().describe("absolute life of a session; default: sessions.max"),
  session_idle: z.string().optional().describe("idle limit of a session; default: sessions.idle"),
  websocket_logout: z
    .enum(["close", "keep"])
    .default("close")
    .describe("open WebSockets and event streams when their session ends"),
  certificate_file: text("", "certificate chain served for external_host by SNI, PEM"),
  key_file: text("", "its private key, PEM, or credential:NAME"),
  header_encoding: z
    .enum(["utf8", "percent", "rfc2047"])
    .default("utf8")
    .describe("how a non-ASCII identity header value is sent"),
  groups_filter: patterns("groups that X-authentik-groups names, Go RE2 syntax; empty: every group"),
  send_jwt: flag(true, "send X-authentik-jwt; it can be large"),
  claims,
  ak_proxy: akProxy,
  allow: allow.optional().describe("who may enter, any one that matches; absent: every authenticated user"),
  rules: z.array(rule).default([]).describe("first match wins, before allow"),
  expect: z.array(expectation).default([]).describe("checked by validate and before every reload"),
});
