import { expect, test } from "bun:test";
import { createLocalJWKSet } from "jose";
import { type ExpectedIdToken, verifyIdToken } from "../../src/idp/verify-id-token.ts";
import { es256, hs256, issuerKey, publicJwk, strangerKey, token } from "../fakes/idp.ts";

/* The checks of verifyIdToken by itself: in a login oauth4webapi looks at most of them before it. */
const now = 1_900_000_000;
const expected: ExpectedIdToken = {
  issuer: "https://idp.test",
  clientId: "app",
  clientSecret: "a client secret of forty characters, yes",
  algorithms: ["ES256"],
  nonce: "the nonce",
  keys: createLocalJWKSet({ keys: [{ kty: "EC", ...publicJwk(issuerKey.publicKey, { kid: "fake" }) }] }),
  now,
};
const claims = { iss: "https://idp.test", aud: "app", sub: "u1", exp: now + 300, iat: now, nonce: "the nonce" };
const signed = (over: Readonly<Record<string, unknown>>, header: Readonly<Record<string, unknown>> = {}) =>
  token({ alg: "ES256", kid: "fake", ...header }, { ...claims, ...over }, es256(issuerKey.privateKey));

async function verdictOn(text: string, over: Partial<ExpectedIdToken> = {}): Promise<string> {
  return verifyIdToken(text, { ...expected, ...over }).then(
    () => "accepted",
    (error: Error) => error.message,
  );
}

test.each([
  [{}, "accepted"],
  [{ aud: "other" }, 'id_token: unexpected "aud" claim value'],
  [{ aud: ["app", "other"] }, "id_token: azp is not this client"],
  [{ aud: ["app", "other"], azp: "other" }, "id_token: azp is not this client"],
  [{ aud: ["app", "other"], azp: "app" }, "accepted"],
  [{ azp: "other" }, "id_token: azp is not this client"],
  [{ iss: "https://idp.test/" }, 'id_token: unexpected "iss" claim value'],
  [{ exp: now - 59 }, "accepted"],
  [{ exp: now - 61 }, 'id_token: "exp" claim timestamp check failed'],
  [{ exp: undefined }, 'id_token: missing required "exp" claim'],
  [{ exp: "x" }, 'id_token: "exp" claim must be a number'],
  [{ iat: now + 59 }, "accepted"],
  [{ iat: now + 61 }, "id_token: iat is in the future"],
  [{ iat: undefined }, 'id_token: missing required "iat" claim'],
  [{ nbf: now + 59 }, "accepted"],
  [{ nbf: now + 61 }, 'id_token: "nbf" claim timestamp check failed'],
  [{ sub: undefined }, 'id_token: missing required "sub" claim'],
  [{ nonce: undefined }, "id_token: nonce does not match this login"],
  [{ nonce: ["the nonce"] }, "id_token: nonce does not match this login"],
])("JWT-05 JWT-06 OIDC-04: a token with %j: %s", async (over, verdict) => {
  expect(await verdictOn(signed(over))).toBe(verdict);
});

test("JWT-01 JWT-02: the algorithm is one of the expected, whatever the header says", async () => {
  const pem = issuerKey.publicKey.export({ format: "pem", type: "spki" });
  const none = await verdictOn(
    token({ alg: "none" }, claims, () => ""),
    { algorithms: ["ES256", "none"] },
  );
  const hmac = await verdictOn(token({ alg: "HS256", kid: "fake" }, claims, hs256(pem)));
  const hmacToo = await verdictOn(token({ alg: "HS256", kid: "fake" }, claims, hs256(pem)), {
    algorithms: ["ES256", "HS256"],
  });

  expect(none).toStartWith("id_token: ");
  expect(hmac).toBe('id_token: "alg" (Algorithm) Header Parameter value not allowed');
  expect(hmacToo).toBe("id_token: signature verification failed");
});

test("JWT-03: another key's signature is refused, its own jwk in the header or not", async () => {
  const forged = (header: Readonly<Record<string, unknown>>) =>
    token({ alg: "ES256", kid: "fake", ...header }, claims, es256(strangerKey.privateKey));

  expect(await verdictOn(forged({}))).toBe("id_token: signature verification failed");
  expect(await verdictOn(forged({ jwk: publicJwk(strangerKey.publicKey, {}) }))).toBe(
    "id_token: signature verification failed",
  );
});

test("without keys only an HMAC can be verified", async () => {
  const hmac = token({ alg: "HS256" }, claims, hs256(expected.clientSecret));

  expect(await verdictOn(signed({}), { keys: null })).toBe("id_token: the issuer has no keys to verify it");
  expect(await verdictOn(hmac, { keys: null, algorithms: ["HS256"] })).toBe("accepted");
});
