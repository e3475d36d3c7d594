import { Failure } from "../core/failure.ts";

/** The part of an issuer's metadata that akproxy uses (OpenID Connect Discovery 1.0 section 3), checked. Endpoints are absolute URLs. */
export interface IssuerMetadata {
  readonly issuer: string;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  readonly jwksUri: string | null;
  readonly userinfoEndpoint: string | null;
  readonly endSessionEndpoint: string | null;
  readonly introspectionEndpoint: string | null; // RFC 8414 2
  readonly scopes: readonly string[]; //           empty: none advertised
  readonly prompts: readonly string[]; //          empty: none advertised (Initiating User Registration 1.0 section 4)
  readonly idTokenAlgorithms: readonly string[]; // never empty
  readonly tokenAuthMethods: readonly string[]; // never empty
  readonly sendsIss: boolean; //                   RFC 9207
}

/** Reads the metadata of `issuer`. Throws `Failure` idp_misconfigured naming the problem (OIDC-11). */
export function issuerMetadata(issuer: string, document: unknown): IssuerMetadata {
  if (typeof document !== "object" || document === null || Array.isArray(document)) {
    throw misconfigured(issuer, "its discovery document is not a JSON object; check the issuer's URL");
  }
  const fields = new Map<string, unknown>(Object.entries(document));
  const named = fields.get("issuer");
  if (named !== issuer) {
    const other = typeof named === "string" ? `another issuer "${named}"` : "no issuer";
    throw misconfigured(
      issuer,
      `its discovery document names ${other}; both must be equal, including a slash at the end`,
    );
  }
  return {
    issuer,
    authorizationEndpoint: required(issuer, fields, "authorization_endpoint"),
    tokenEndpoint: required(issuer, fields, "token_endpoint"),
    jwksUri: endpoint(issuer, fields, "jwks_uri"),
    userinfoEndpoint: endpoint(issuer, fields, "userinfo_endpoint"),
    endSessionEndpoint: endpoint(issuer, fields, "end_session_endpoint"),
    introspectionEndpoint: endpoint(issuer, fields, "introspection_endpoint"),
    scopes: strings(fields, "scopes_supported", []),
    prompts: strings(fields, "prompt_values_supported", []),
    idTokenAlgorithms: strings(fields, "id_token_signing_alg_values_supported", ["RS256"]),
    tokenAuthMethods: strings(fields, "token_endpoint_auth_methods_supported", ["client_secret_basic"]),
    sendsIss: fields.get("authorization_response_iss_parameter_supported") === true,
  };
}

function required(issuer: string, fields: ReadonlyMap<string, unknown>, name: string): string {
  const url = endpoint(issuer, fields, name);
  if (url === null) throw misconfigured(issuer, `its discovery document has no "${name}"`);
  return url;
}

function endpoint(issuer: string, fields: ReadonlyMap<string, unknown>, name: string): string | null {
  const value = fields.get(name);
  if (value === undefined || value === null) return null;
  if (typeof value !== "string" || !URL.canParse(value)) throw misconfigured(issuer, `its "${name}" is not a URL`);
  const { protocol } = new URL(value);
  const plain = protocol === "http:" && issuer.startsWith("http:");
  if (protocol !== "https:" && !plain) throw misconfigured(issuer, `its "${name}" is not https: "${value}"`);
  return value;
}

function strings(fields: ReadonlyMap<string, unknown>, name: string, otherwise: readonly string[]): readonly string[] {
  const value = fields.get(name);
  const items: readonly unknown[] = Array.isArray(value) ? value : [];
  const kept = items.filter((item) => typeof item === "string");
  return kept.length === 0 ? otherwise : kept;
}

function misconfigured(issuer: string, what: string): Failure {
  return new Failure("idp_misconfigured", `issuer "${issuer}": ${what}`);
}
