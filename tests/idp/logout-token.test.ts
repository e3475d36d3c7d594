import { afterEach, beforeEach, expect, test } from "bun:test";
import { generateKeyPairSync, sign } from "node:crypto";
import type { IdentityProvider } from "../../src/ports/identity-provider.ts";
import {
  es256,
  type FakeIssuer,
  hs256,
  issuerKey,
  publicJwk,
  startFakeIssuer,
  strangerKey,
  token,
} from "../fakes/idp.ts";
import { loginSettings } from "../fakes/samples.ts";
import { atFake, checks, goodToken, loginWith, outcomeOf, testNow } from "./at-a-fake-issuer.ts";

const event = "http://schemas.openid.net/event/backchannel-logout";
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const rs256 = (input: string) => sign("sha256", Buffer.from(input), rsa.privateKey).toString("base64url");

let fake: FakeIssuer;
let idp: IdentityProvider;
beforeEach(() => {
  fake = startFakeIssuer();
  ({ idp } = atFake(fake));
});
afterEach(() => fake.stop());

function claims(over: Readonly<Record<string, unknown>> = {}) {
  return { iss: fake.issuer, aud: "app", iat: testNow, jti: "j1", sid: "s1", events: { [event]: {} }, ...over };
}

function logoutToken(over: Readonly<Record<string, unknown>> = {}, header: Readonly<Record<string, unknown>> = {}) {
  const head = { alg: "ES256", kid: "fake", typ: "logout+jwt", ...header };
  return token(head, claims(over), es256(issuerKey.privateKey));
}

test("OUT-03: a token of authentik's shape is read", async () => {
  fake.keys = [publicJwk(rsa.publicKey, { kid: "ak" })];
  fake.metadata = { id_token_signing_alg_values_supported: ["RS256"] };
  // authentik: create_logout_token
  const authentiks = token(
    { alg: "RS256", kid: "ak", typ: "logout+jwt" },
    {
      iss: fake.issuer,
      aud: "app",
      iat: testNow,
      jti: "0b7a3a1e-6c09-4d63-8a0b-2f7f3a1f7a55",
      events: { [event]: {} },
      sub: "5f0c8d4a9c7c4b3e",
      sid: "9d4f6f6d1f3c",
    },
    rs256,
  );

  expect(await idp.readLogoutToken(authentiks)).toEqual({
    issuer: fake.issuer,
    idpSession: "9d4f6f6d1f3c",
    subject: "5f0c8d4a9c7c4b3e",
    tokenId: "0b7a3a1e-6c09-4d63-8a0b-2f7f3a1f7a55",
  });
});

test("OUT-03: a token of Keycloak's shape is read", async () => {
  fake.keys = [publicJwk(rsa.publicKey, { kid: "kc" })];
  fake.metadata = { id_token_signing_alg_values_supported: ["PS384", "RS256", "HS256", "ES256"] };
  // Keycloak: LogoutToken, with Keycloak's own claim typ and an option inside the event
  const keycloaks = token(
    { alg: "RS256", typ: "JWT", kid: "kc" },
    {
      iat: testNow,
      exp: testNow + 120,
      jti: "8f2d7c1b-20b4-4e5f-9c8e-f5f1b7f5b0a1",
      iss: fake.issuer,
      aud: "app",
      sub: "f:6f2b:alice",
      typ: "Logout",
      sid: "4c1de21b-8ec7-4f1c-a0a5-5a2f7d6f7d11",
      events: { [event]: { revoke_offline_access: true } },
    },
    rs256,
  );

  expect(await idp.readLogoutToken(keycloaks)).toMatchObject({
    idpSession: "4c1de21b-8ec7-4f1c-a0a5-5a2f7d6f7d11",
    subject: "f:6f2b:alice",
  });
});

test.each([
  ["sid alone", {}, { idpSession: "s1", subject: null }],
  ["sub alone", { sid: undefined, sub: "u1" }, { idpSession: null, subject: "u1" }],
  ["an exp to come", { exp: testNow + 1 }, {}],
  ["an iat of nearly a minute ago", { iat: testNow - 60 }, {}],
  ["an iat in nearly a minute", { iat: testNow + 60 }, {}],
  ["us among its audiences, and as authorized party", { aud: ["app", "x"], azp: "app" }, {}],
  ["another event besides", { events: { "https://x.test/event": 1, [event]: {} } }, {}],
])("OUT-03: a token with %s is accepted", async (_what, over, notice) => {
  expect(await idp.readLogoutToken(logoutToken(over))).toMatchObject(notice);
});

test.each(["logout+jwt", "LOGOUT+JWT", "application/logout+jwt", "JWT", undefined])(
  "OUT-03: typ %j is taken",
  async (typ) => {
    expect(await outcomeOf(idp.readLogoutToken(logoutToken({}, { typ })))).toBe("accepted");
  },
);

test.each([
  ["iss of another", { iss: "https://other.test" }, 'unexpected "iss"'],
  ["no iss", { iss: undefined }, 'missing required "iss"'],
  ["aud of another", { aud: "other" }, 'unexpected "aud"'],
  ["no aud", { aud: undefined }, 'missing required "aud"'],
  ["us among its audiences alone", { aud: ["app", "other"] }, "azp is not this client"],
  ["no iat", { iat: undefined }, 'missing required "iat"'],
  ["iat as text", { iat: "1900000000" }, '"iat" claim'],
  ["iat a minute and a second ago", { iat: testNow - 61 }, "iat is more than a minute ago"],
  ["iat in more than a minute", { iat: testNow + 61 }, "iat is in the future"],
  ["exp in the past", { exp: testNow - 61 }, '"exp" claim timestamp check failed'],
  ["exp as text", { exp: "x" }, '"exp" claim must be a number'],
  ["no events", { events: undefined }, 'missing required "events"'],
  ["events as text", { events: event }, "events has no back-channel logout event"],
  ["events as a list", { events: [event] }, "events has no back-channel logout event"],
  ["events null", { events: null }, ""],
  ["another event", { events: { "http://schemas.openid.net/event/x": {} } }, "events has no back-channel logout event"],
  ["the event as true", { events: { [event]: true } }, "events has no back-channel logout event"],
  ["the event as null", { events: { [event]: null } }, "events has no back-channel logout event"],
  ["the event in another case", { events: { [event.toUpperCase()]: {} } }, "events has no back-channel logout event"],
  ["neither sid nor sub", { sid: undefined }, "neither sid nor sub"],
  ["sid empty", { sid: "", sub: "u1" }, "sid is not a non-empty string"],
  ["sid as a number", { sid: 7, sub: "u1" }, "sid is not a non-empty string"],
  ["sub as a list", { sub: ["u1"] }, ""],
  ["no jti", { jti: undefined }, 'missing required "jti"'],
  ["jti empty", { jti: "" }, "jti is not a non-empty string"],
  ["jti as a number", { jti: 1 }, ""],
  ["a nonce", { nonce: "n" }, "it has a nonce"],
  ["an empty nonce", { nonce: "" }, "it has a nonce"],
])("OUT-03: a token with %s is refused", async (_what, over, reason) => {
  const outcome = await outcomeOf(idp.readLogoutToken(logoutToken(over)));

  expect(outcome).toStartWith("idp_token_invalid logout_token: ");
  expect(outcome).toContain(reason);
});

test("OUT-03: an iss with an additional slash is another issuer's", async () => {
  const outcome = await outcomeOf(idp.readLogoutToken(logoutToken({ iss: `${fake.issuer}/` })));

  expect(outcome).toBe('idp_token_invalid logout_token: unexpected "iss" claim value');
});

test.each(["at+jwt", "dpop+jwt", "application/at+jwt", "secevent+jwt", "x"])(
  "JWT-07: typ %j belongs to another kind of token",
  async (typ) => {
    expect(await outcomeOf(idp.readLogoutToken(logoutToken({}, { typ })))).toBe(
      "idp_token_invalid logout_token: typ belongs to another kind of token",
    );
  },
);

test("OUT-04: an id_token is not a logout token", async () => {
  const outcome = await outcomeOf(idp.readLogoutToken(goodToken(fake, { jti: "j", sid: "s1" })));
  const withoutNonce = await outcomeOf(idp.readLogoutToken(goodToken(fake, { jti: "j", sid: "s1", nonce: undefined })));

  expect(outcome).toStartWith("idp_token_invalid ");
  expect(withoutNonce).toStartWith("idp_token_invalid ");
});

test("JWT-07: a logout token is not an id_token, with or without a typ", async () => {
  const whole = { exp: testNow + 300, sub: "u1", nonce: checks.nonce };

  expect(await loginWith(fake, logoutToken(whole))).toStartWith("idp_token_invalid ");
  expect(await loginWith(fake, logoutToken(whole, { typ: undefined }))).toStartWith("idp_token_invalid ");
});

test.each(["none", "None", "nOnE"])("JWT-01: alg %s is refused", async (alg) => {
  const unsigned = token({ alg, typ: "logout+jwt" }, claims(), () => "");

  expect(await outcomeOf(idp.readLogoutToken(unsigned))).toStartWith("idp_token_invalid ");
});

test("OUT-03: an algorithm that the issuer does not advertise is refused, its own key or not", async () => {
  fake.keys = [publicJwk(issuerKey.publicKey, { kid: "fake" }), publicJwk(rsa.publicKey, { kid: "rsa" })];

  const outcome = await outcomeOf(idp.readLogoutToken(token({ alg: "RS256", kid: "rsa" }, claims(), rs256)));

  expect(outcome).toBe('idp_token_invalid logout_token: "alg" (Algorithm) Header Parameter value not allowed');
});

test("JWT-02: an HMAC made with the issuer's public key is refused; one with our secret is taken where it is advertised", async () => {
  const { clientSecret } = loginSettings(fake.issuer).oidc;
  const pem = issuerKey.publicKey.export({ format: "pem", type: "spki" });
  fake.metadata = { id_token_signing_alg_values_supported: ["ES256", "HS256"] };

  const forged = await outcomeOf(idp.readLogoutToken(token({ alg: "HS256", kid: "fake" }, claims(), hs256(pem))));
  const right = await outcomeOf(idp.readLogoutToken(token({ alg: "HS256" }, claims(), hs256(clientSecret))));

  expect(forged).toBe("idp_token_invalid logout_token: signature verification failed");
  expect(right).toBe("accepted");
});

test("JWT-03: another key's signature is refused, its own jwk in the header or not", async () => {
  const forged = (header: Readonly<Record<string, unknown>>) =>
    token({ alg: "ES256", kid: "fake", ...header }, claims(), es256(strangerKey.privateKey));

  const outcomes = [
    await outcomeOf(idp.readLogoutToken(forged({}))),
    await outcomeOf(idp.readLogoutToken(forged({ jwk: publicJwk(strangerKey.publicKey, {}) }))),
    await outcomeOf(idp.readLogoutToken(forged({ jku: `${fake.issuer}/other` }))),
  ];

  expect(outcomes.filter((outcome) => !outcome.startsWith("idp_token_invalid "))).toEqual([]);
  expect(fake.hits.other).toBe(0);
});

test.each(["", ".", "..", "a.b.c", "a.b.c.d.e", "null", "x".repeat(20_000)])(
  "a text that is not a token is refused",
  async (text) => {
    expect(await outcomeOf(idp.readLogoutToken(text))).toStartWith("idp_token_invalid ");
  },
);

test("JWT-04: made-up key ids cost the issuer one request", async () => {
  await outcomeOf(idp.readLogoutToken(logoutToken()));
  const before = fake.hits.jwks;

  for (let count = 0; count < 50; count += 1) {
    await outcomeOf(idp.readLogoutToken(logoutToken({}, { kid: `k${count}` })));
  }

  expect(fake.hits.jwks - before).toBeLessThanOrEqual(1);
});

test("keys that cannot be had are the issuer's fault, not the token's", async () => {
  fake.answers.jwks = () => new Response("", { status: 503 });

  expect(await outcomeOf(idp.readLogoutToken(logoutToken()))).toBe(
    `idp_unreachable issuer: "${fake.issuer}/jwks" answered 503`,
  );
});
