import { z } from "zod";
import type { OidcClient } from "../../core/provider.ts";
import { readSecrets } from "../file/secrets.ts";
import { quoted, type Source, written } from "../file/source.ts";
import type { Path } from "../findings.ts";
import { readAuthorities } from "../read/certificates.ts";
import { addRemark, flag, listOf, text } from "../read/text-type.ts";
import { hostAndPort, isLoopback, issuerUrl, redirectUri } from "../read/web-address.ts";
import { ok, wrong } from "../reading.ts";
import { fieldsOf } from "./fields.ts";

/** Parameters that akproxy sets for each login. Another value would break the login or its checks. */
const ownParams: ReadonlySet<string> = new Set(
  "client_id redirect_uri response_type response_mode scope state nonce code_challenge code_challenge_method request request_uri".split(
    " ",
  ),
);

function authorizeParams() {
  return z.record(z.string(), z.string()).transform((params, context) => {
    for (const name of Object.keys(params)) {
      if (!ownParams.has(name)) continue;
      const hint = name === "scope" ? "use the key scopes instead" : "remove it: akproxy sets it for each login";
      addRemark(context, [name], { message: "cannot be set here", hint, spot: { kind: "key" } });
    }
    return params;
  });
}

/** One scope (RFC 6749 3.3: scope-token). */
function readScope(scope: string) {
  if (/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope)) return ok(scope);
  return wrong("is not a scope", "write one scope per entry, without spaces");
}

/** Keys that are fields of OidcClient, with the same name in camel case. */
const clientKeys = {
  issuer: issuerUrl()
    .prefault("")
    .describe(
      "URL of the issuer, exactly as the issuer names itself; http:// only for loopback, or with danger_allow_http_issuer",
    ),
  client_id: text("", "client id of akproxy at the issuer"),
  scopes: listOf(readScope, "")
    .prefault(["openid", "profile", "email", "entitlements", "ak_proxy"])
    .describe(
      "scopes to request; if the issuer lists its scopes, only those on its list are sent; openid is always sent",
    ),
  authorize_params: authorizeParams()
    .prefault({})
    .describe("parameters added to the authorization request: prompt, acr_values, hd, …"),
  token_endpoint_auth_method: z
    .enum(["", "client_secret_basic", "client_secret_post", "client_secret_jwt", "none"])
    .default("")
    .describe("how akproxy authenticates at the token endpoint; empty: chosen from the metadata of the issuer"),
  post_logout_redirect_uri: redirectUri()
    .prefault("")
    .describe("URL sent to the issuer at sign-out; register it there; empty: not sent"),
  backchannel_host: hostAndPort()
    .prefault("")
    .describe("HOST or HOST:PORT that akproxy connects to for the endpoints of the issuer (split DNS)"),
};

const shape = {
  ...clientKeys,
  danger_allow_http_issuer: flag(
    false,
    "allow an http:// issuer that is not loopback: an attacker on the network can log in as any user",
  ),
  client_secret: text("", "client secret; empty: a public client (PKCE)"),
  client_secret_file: text("", "a file that holds the client secret, or credential:NAME"),
  ca_file: text("", "PEM file of the authorities that sign the certificate of the issuer"),
};

/** `[oidc]`: the defaults of every provider. */
export const oidcTable = z
  .strictObject(shape)
  .prefault({})
  .describe("defaults for every provider; a provider may set each of these keys for itself");

type OidcTable = z.output<typeof oidcTable>;
type OwnKeys = { readonly [Key in keyof OidcTable]?: OidcTable[Key] | undefined };
type Overrides = { [Key in keyof typeof shape]: z.ZodOptional<ReturnType<(typeof shape)[Key]["unwrap"]>> };

/** The same keys in a provider, without defaults: an absent key has the value of `[oidc]`. */
export const oidcOverrides = Object.fromEntries(
  Object.entries(shape).map(([key, type]) => [
    key,
    type
      .unwrap()
      .optional()
      .describe(type.description ?? ""),
  ]),
) as Overrides; // as: the loop does for each key what the type says

/** The OpenID Connect client of provider `slug`: its own keys take precedence over `[oidc]`. */
export function oidcOf(source: Source, slug: string, own: OwnKeys, shared: OidcTable): OidcClient {
  const table = { ...shared, ...withoutAbsent(own) };
  const pathOf = (key: keyof OidcTable): Path => (own[key] === undefined ? ["oidc", key] : ["providers", slug, key]);
  const clientSecret = readClientSecret(source, slug);
  checkIssuer(source, slug, pathOf("issuer"), table);
  if (table.client_id === "") {
    missing(
      source,
      slug,
      "client_id",
      'write client_id = "akproxy", the id that the issuer has for it',
      pathOf("client_id"),
    );
  }
  checkMethod(source, pathOf("token_endpoint_auth_method"), table.token_endpoint_auth_method, clientSecret);
  return {
    ...fieldsOf(clientKeys, table),
    scopes: [...new Set(["openid", ...table.scopes])],
    clientSecret,
    caPem: readAuthorities(source, pathOf("ca_file"), table.ca_file),
  };
}

function withoutAbsent(own: OwnKeys): Partial<OidcTable> {
  return Object.fromEntries(Object.entries(own).filter(([key, value]) => key in shape && value !== undefined));
}

/** The secret of the provider in either form, else that of `[oidc]`. A provider with client_secret = "" is a public client. */
function readClientSecret(source: Source, slug: string): string {
  const own = ["providers", slug];
  const isOwn = written(source, [...own, "client_secret"]) || written(source, [...own, "client_secret_file"]);
  return readSecrets(source, isOwn ? own : ["oidc"], "client_secret")[0]?.value ?? "";
}

function checkIssuer(source: Source, slug: string, path: Path, table: OidcTable): void {
  if (table.issuer === "") {
    missing(source, slug, "issuer", 'write issuer = "https://idp.company/"', path);
    return;
  }
  const url = new URL(table.issuer);
  if (url.protocol !== "http:" || isLoopback(url.hostname)) return;
  const message = `${quoted(source, path)} is not https: an attacker on the network can log in as any user`;
  if (table.danger_allow_http_issuer)
    source.findings.warning(path, message, "use https as soon as the issuer supports it");
  else source.findings.error(path, message, "use https, or add danger_allow_http_issuer = true next to it");
}

/** Reports a key that neither table gives, unless its value was wrong: that is reported already. */
function missing(source: Source, slug: string, key: string, hint: string, path: Path): void {
  const own = ["providers", slug, key];
  if ([own, path].some((place) => source.findings.isFaulty(place))) return;
  source.findings.error(own, "is required, here or in [oidc]", hint);
}

function checkMethod(source: Source, path: Path, method: string, clientSecret: string): void {
  const failed = source.findings.all.some((finding) => String(finding.path.at(-1)).startsWith("client_secret"));
  if (method.startsWith("client_secret_") && clientSecret === "" && !failed) {
    source.findings.error(path, "needs a client secret", "add client_secret or client_secret_file");
  }
}
