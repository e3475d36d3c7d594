import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { es256, type FakeIssuer, hs256, issuerKey, startFakeIssuer, strangerKey, token } from "../fakes/idp.ts";
import { atFake, goodClaims, testNow } from "./at-a-fake-issuer.ts";

let fake: FakeIssuer;
beforeEach(() => {
  fake = startFakeIssuer();
});
afterEach(() => fake.stop());

type Json = Readonly<Record<string, unknown>>;

/** RFC 9068 2.2, without claims that only an id_token has. */
const accessClaims = (over: Json = {}) =>
  goodClaims(fake, { nonce: undefined, client_id: "machine", jti: "j", ...over });
const signed = (over: Json = {}, header: Json = {}) =>
  token({ alg: "ES256", kid: "fake", typ: "at+jwt", ...header }, accessClaims(over), es256(issuerKey.privateKey));
const answerTo = (text: string) => atFake(fake).idp.authenticate({ kind: "bearer", token: text });

test("a JWT access token for this client authenticates its subject, whichever client it was issued to, and is not passed on", async () => {
  const answer = await answerTo(signed());

  expect(answer).toMatchObject({
    kind: "known",
    expiresAt: testNow + 300,
    identity: { issuer: fake.issuer, subject: "u1", username: "alice", groups: ["staff"], rawToken: "" },
  });
});

test("decision 39: one without sub is its client's", async () => {
  expect(await answerTo(signed({ sub: undefined, preferred_username: "root" }))).toMatchObject({
    identity: { uid: "machine", username: "machine", groups: [], email: "" },
  });
});

describe("accepted", () => {
  test.each<[string, Json, Json]>([
    ["several audiences, ours among them", { aud: ["other", "app"] }, {}],
    ["typ application/at+jwt", {}, { typ: "application/at+jwt" }],
    ["typ JWT with a scope", { scope: "api" }, { typ: "JWT" }],
    ["no typ with a client_id", {}, { typ: undefined }],
    ["Keycloak's", { client_id: undefined, azp: "machine", typ: "Bearer" }, { typ: "JWT" }],
    ["Entra ID's", { client_id: undefined, azp: "machine", azpacr: "1" }, { typ: "JWT" }],
    ["Okta's", { client_id: undefined, cid: "machine", scp: ["api"] }, { typ: undefined }],
    ["an iat 59 s ahead", { iat: testNow + 59 }, {}],
  ])("%s", async (_what, over, header) => {
    expect((await answerTo(signed(over, header))).kind).toBe("known");
  });
});

describe("JWT-01 to JWT-08: refused", () => {
  test.each<[string, Json, Json]>([
    ["JWT-05: another audience", { aud: "other" }, {}],
    ["JWT-05: no audience", { aud: undefined }, {}],
    ["JWT-05: our client given a token for another", { aud: "other", client_id: "app", azp: "app" }, {}],
    ["JWT-05: another issuer", { iss: "https://evil.test" }, {}],
    ["JWT-06, M2M-03: exp is now", { exp: testNow }, {}],
    ["JWT-06: exp is past", { exp: testNow - 30 }, {}],
    ["JWT-06: no exp", { exp: undefined }, {}],
    ["JWT-06: exp is a text", { exp: String(testNow + 300) }, {}],
    ["JWT-06: iat is far in the future", { iat: testNow + 61 }, {}],
    ["JWT-06: nbf is in the future", { nbf: testNow + 61 }, {}],
    ["JWT-07: an id_token", { nonce: "n", client_id: undefined }, { typ: "JWT" }],
    ["JWT-07: an id_token with a scope claim", { nonce: "n", scope: "openid" }, { typ: "JWT" }],
    ["JWT-07: an id_token with at_hash", { at_hash: "x", client_id: "app" }, { typ: undefined }],
    ["JWT-07: an id_token that has nothing but the usual", { client_id: undefined, azp: "app" }, { typ: "JWT" }],
    ["JWT-07: Keycloak's id_token", { typ: "ID" }, { typ: "JWT" }],
    ["JWT-07: Keycloak's refresh token", { typ: "Refresh" }, { typ: "JWT" }],
    ["JWT-07: a logout token by its typ", {}, { typ: "logout+jwt" }],
    ["JWT-07: a logout token by its events", { events: {}, scope: "x" }, { typ: "JWT" }],
    ["JWT-07: a security event token", {}, { typ: "secevent+jwt" }],
    ["RFC 9449 7.1: bound to a key", { cnf: { jkt: "x" } }, {}],
    ["JWT-04: an unknown kid", {}, { kid: "other" }],
    ["JWT-03: an unknown crit", {}, { crit: ["x"], x: 1 }],
    ["JWT-09: sub is 0", { sub: 0 }, {}],
  ])("%s", async (_what, over, header) => {
    expect((await answerTo(signed(over, header))).kind).toBe("refused");
  });

  test("JWT-01: alg none in every spelling, and an empty signature", async () => {
    const texts = [
      ...["none", "None", "nOnE", ""].map((alg) => token({ alg, typ: "at+jwt" }, accessClaims(), () => "")),
      token({ alg: "ES256", kid: "fake", typ: "at+jwt" }, accessClaims(), () => ""),
    ];

    for (const text of texts) expect((await answerTo(text)).kind).toBe("refused");
  });

  test("JWT-02: an HMAC, with the client's secret or with the public key for a secret", async () => {
    const pem = issuerKey.publicKey.export({ type: "spki", format: "pem" }).toString();

    for (const secret of ["a client secret of forty characters, yes", pem]) {
      const text = token({ alg: "HS256", typ: "at+jwt" }, accessClaims(), hs256(secret));
      expect((await answerTo(text)).kind).toBe("refused");
    }
  });

  test("another key's signature, JWT-08: five parts, more than 16 KiB, and no token at all", async () => {
    const texts = [
      token({ alg: "ES256", kid: "fake", typ: "at+jwt" }, accessClaims(), es256(strangerKey.privateKey)),
      "a.b.c.d.e",
      signed({ long: "x".repeat(17_000) }),
      "opaque",
      "a.b.c",
    ];

    for (const text of texts) {
      const answer = await answerTo(text);
      expect(answer.kind).toBe("refused");
      expect(JSON.stringify(answer)).not.toContain(text);
    }
  });
});

test("a public client cannot authenticate for introspection, so the token is verified as a JWT", async () => {
  fake.metadata = { introspection_endpoint: `${fake.issuer}/introspect` };
  const { idp } = atFake(fake, { clientSecret: "" });

  const answer = await idp.authenticate({ kind: "bearer", token: signed() });

  expect(answer.kind).toBe("known");
  expect(fake.hits.other).toBe(0);
});

test("a token that the issuer calls inactive is not accepted for its signature", async () => {
  fake.metadata = { introspection_endpoint: `${fake.issuer}/introspect` };
  fake.answers.other = () => Response.json({ active: false });

  expect((await answerTo(signed())).kind).toBe("refused");
});

test("M2M-14: unavailable keys are not a refusal", async () => {
  fake.answers.jwks = () => new Response("", { status: 503 });

  await expect(answerTo(signed())).rejects.toMatchObject({ code: "idp_unreachable" });
});
