import { createHmac, generateKeyPairSync, type KeyObject, sign } from "node:crypto";

export type FakeEndpoint = "discovery" | "jwks" | "token" | "userinfo" | "other";
type Answer = (request: Request) => Response | Promise<Response>;

/** A fake issuer whose every answer can be wrong. A member of `answers` replaces the right answer of that endpoint. */
export interface FakeIssuer {
  readonly issuer: string;
  readonly hits: Record<FakeEndpoint, number>;
  readonly answers: Partial<Record<FakeEndpoint, Answer>>;
  /** Over the metadata; undefined takes a member out. */
  metadata: Readonly<Record<string, unknown>>;
  keys: readonly Readonly<Record<string, unknown>>[];
  idToken: string;
  userinfo: unknown;
  /** Stops listening; `listenAgain` takes the same port. */
  stop(): Promise<void>;
  listenAgain(): void;
}

/** The key pair of `kid: "fake"` (ES256), and one that is not the issuer's. */
export const issuerKey = generateKeyPairSync("ec", { namedCurve: "P-256" });
export const strangerKey = generateKeyPairSync("ec", { namedCurve: "P-256" });

/** A public key as a JWK Set has it. */
export function publicJwk(key: KeyObject, more: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return { ...key.export({ format: "jwk" }), use: "sig", ...more };
}

/** Starts the fake issuer on a free loopback port. */
export function startFakeIssuer(tls?: {
  readonly cert: string;
  readonly key: string;
  readonly name: string;
}): FakeIssuer {
  const hits: Record<FakeEndpoint, number> = { discovery: 0, jwks: 0, token: 0, userinfo: 0, other: 0 };
  const serve = (port: number) =>
    Bun.serve({
      port,
      hostname: "127.0.0.1",
      ...(tls === undefined ? {} : { tls: { cert: tls.cert, key: tls.key } }),
      fetch(request) {
        const endpoint = endpointOf(new URL(request.url).pathname);
        hits[endpoint] += 1;
        return (fake.answers[endpoint] ?? right[endpoint])(request);
      },
    });
  let server = serve(0);
  const { port } = server;
  const issuer = tls === undefined ? `http://127.0.0.1:${port}` : `https://${tls.name}:${port}`;
  const right: Record<FakeEndpoint, Answer> = {
    discovery: () => Response.json({ ...defaultMetadata(issuer), ...fake.metadata }),
    jwks: () => Response.json({ keys: fake.keys }),
    token: () =>
      Response.json({ access_token: "access", token_type: "Bearer", expires_in: 300, id_token: fake.idToken }),
    userinfo: () => Response.json(fake.userinfo),
    other: () => new Response("not here", { status: 404 }),
  };
  const fake: FakeIssuer = {
    issuer,
    hits,
    answers: {},
    metadata: {},
    keys: [publicJwk(issuerKey.publicKey, { kid: "fake" })],
    idToken: "",
    userinfo: {},
    stop: () => server.stop(true),
    listenAgain() {
      server = serve(port ?? 0);
    },
  };
  return fake;
}

function endpointOf(path: string): FakeEndpoint {
  if (path === "/.well-known/openid-configuration") return "discovery";
  if (path === "/jwks") return "jwks";
  if (path === "/token") return "token";
  return path === "/userinfo" ? "userinfo" : "other";
}

function defaultMetadata(issuer: string): Readonly<Record<string, unknown>> {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
    userinfo_endpoint: `${issuer}/userinfo`,
    id_token_signing_alg_values_supported: ["ES256"],
  };
}

/** A compact token of any header and claims, or of raw JSON text; `signature` gets the signing input. */
export function token(
  header: Readonly<Record<string, unknown>>,
  claims: Readonly<Record<string, unknown>> | string,
  signature: (input: string) => string,
): string {
  const payload = typeof claims === "string" ? claims : JSON.stringify(claims);
  const input = `${base64url(JSON.stringify(header))}.${base64url(payload)}`;
  return `${input}.${signature(input)}`;
}

/** Signed as ES256 says. */
export function es256(key: KeyObject): (input: string) => string {
  return (input) => sign("sha256", Buffer.from(input), { key, dsaEncoding: "ieee-p1363" }).toString("base64url");
}

/** Signed as HS256 says. */
export function hs256(secret: string | Buffer): (input: string) => string {
  return (input) => createHmac("sha256", secret).update(input).digest("base64url");
}

function base64url(text: string): string {
  return Buffer.from(text).toString("base64url");
}
