import type { OidcClient } from "../../core/provider.ts";
import { readSecrets } from "../file/secrets.ts";
import { quoted, type Source, take, written } from "../file/source.ts";
import type { Path } from "../findings.ts";
import { readAuthorities } from "../read/read-certificate.ts";
import { isLoopback, readHostAndPort, readIssuer, readRedirectUri } from "../read/read-web-address.ts";
import type { ConfigTable, ProviderTable } from "../schema/schema.ts";

type OidcTable = ConfigTable["oidc"];

/** A value and the key that gave it: the provider's own, else `[oidc]`'s. */
interface Given<T> {
  readonly value: T;
  readonly path: Path;
}

/** What the authorization request sets itself; somebody else's value would break the login or its checks. */
const ownParams: ReadonlySet<string> = new Set(
  "client_id redirect_uri response_type response_mode scope state nonce code_challenge code_challenge_method request request_uri".split(
    " ",
  ),
);

/** The OpenID Connect client of provider `slug`. */
export function buildOidc(source: Source, slug: string, provider: ProviderTable, shared: OidcTable): OidcClient {
  const given = <K extends keyof OidcTable>(key: K): Given<OidcTable[K]> => {
    const own = provider[key];
    // as: the overrides have the types of [oidc]'s keys, which the compiler cannot follow through the generic key
    if (own !== undefined) return { value: own as OidcTable[K], path: ["providers", slug, key] };
    return { value: shared[key], path: ["oidc", key] };
  };
  const backchannel = given("backchannel_host");
  const redirect = given("post_logout_redirect_uri");
  const ca = given("ca_file");
  const clientSecret = readClientSecret(source, slug);
  return {
    issuer: issuerOf(source, slug, given("issuer"), given("danger_allow_http_issuer")),
    clientId: clientIdOf(source, slug, given("client_id")),
    clientSecret,
    scopes: scopesOf(source, given("scopes")),
    authorizeParams: paramsOf(source, given("authorize_params")),
    tokenEndpointAuthMethod: methodOf(source, given("token_endpoint_auth_method"), clientSecret),
    postLogoutRedirectUri:
      redirect.value === "" ? "" : take(source, redirect.path, readRedirectUri(redirect.value), ""),
    backchannelHost:
      backchannel.value === "" ? "" : take(source, backchannel.path, readHostAndPort(backchannel.value), ""),
    caPem: readAuthorities(source, ca.path, ca.value),
  };
}

/** The provider's own secret in either form, else `[oidc]`'s; "" written in the provider makes it a public client. */
function readClientSecret(source: Source, slug: string): string {
  const own = ["providers", slug];
  const isOwn = written(source, [...own, "client_secret"]) || written(source, [...own, "client_secret_file"]);
  return readSecrets(source, isOwn ? own : ["oidc"], "client_secret")[0]?.value ?? "";
}

function issuerOf(source: Source, slug: string, issuer: Given<string>, danger: Given<boolean>): string {
  if (issuer.value === "") {
    missing(source, slug, "issuer", 'write issuer = "https://idp.company/"', issuer.path);
    return "";
  }
  const url = take(source, issuer.path, readIssuer(issuer.value), null);
  if (url?.protocol === "http:" && !isLoopback(url.hostname)) {
    const message = `${quoted(source, issuer.path)} is not https: whoever sits between can log in as anybody`;
    if (danger.value) source.findings.warning(issuer.path, message, "use https as soon as the issuer has it");
    else source.findings.error(issuer.path, message, "use https, or add danger_allow_http_issuer = true beside it");
  }
  return issuer.value;
}

function clientIdOf(source: Source, slug: string, clientId: Given<string>): string {
  if (clientId.value === "")
    missing(source, slug, "client_id", 'write client_id = "akproxy", as the issuer knows it', clientId.path);
  return clientId.value;
}

/** A key that neither table gives; silent when the one that did give it has been reported (its value was taken out). */
function missing(source: Source, slug: string, key: string, hint: string, path: Path): void {
  const places = [["oidc", key].join(), ["providers", slug, key].join(), path.join()];
  if (source.findings.all.some((finding) => places.includes(finding.path.join()))) return;
  source.findings.error(["providers", slug, key], "is required, here or in [oidc]", hint);
}

function scopesOf(source: Source, scopes: Given<readonly string[]>): readonly string[] {
  scopes.value.forEach((scope, index) => {
    // RFC 6749 3.3: scope-token
    if (/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope)) return;
    source.findings.error([...scopes.path, index], "is not a scope", "write one scope an entry, without spaces");
  });
  return [...new Set(["openid", ...scopes.value])];
}

function paramsOf(source: Source, params: Given<Readonly<Record<string, string>>>): Readonly<Record<string, string>> {
  for (const name of Object.keys(params.value)) {
    if (!ownParams.has(name)) continue;
    const hint = name === "scope" ? "use scopes" : "akproxy sets it for each login";
    source.findings.error([...params.path, name], "may not be set here", hint, { kind: "key" });
  }
  return params.value;
}

function methodOf(source: Source, method: Given<string>, clientSecret: string): string {
  const failed = source.findings.all.some((finding) => String(finding.path.at(-1)).startsWith("client_secret"));
  if (/^client_secret_/.test(method.value) && clientSecret === "" && !failed) {
    source.findings.error(method.path, "needs a client secret", "add client_secret or client_secret_file");
  }
  return method.value;
}
