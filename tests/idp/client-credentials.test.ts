import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { es256, type FakeIssuer, issuerKey, startFakeIssuer, strangerKey, token } from "../fakes/idp.ts";
import { atFake, goodClaims, goodToken, outcomeOf, testNow } from "./at-a-fake-issuer.ts";

const credential = { kind: "basic", username: "alice", password: "the-password-itself" } as const;

let fake: FakeIssuer;
beforeEach(() => {
  fake = startFakeIssuer();
  fake.idToken = goodToken(fake, { nonce: undefined });
});
afterEach(() => fake.stop());

const answers = (response: () => Response) => {
  fake.answers.token = response;
  return atFake(fake).idp.authenticate(credential);
};
const issued = (tokens: Readonly<Record<string, unknown>>) =>
  answers(() => Response.json({ token_type: "Bearer", ...tokens }));

test("a user name and a password authenticate the subject of the issuer's id_token", async () => {
  const answer = await atFake(fake).idp.authenticate(credential);

  expect(answer).toMatchObject({
    kind: "known",
    expiresAt: testNow + 300,
    identity: { subject: "u1", username: "alice", groups: ["staff"], rawToken: fake.idToken },
  });
});

test("authentik: client_credentials with user name and password, without the client secret, with which any password would be accepted", async () => {
  const seen: { readonly body: string; readonly authorization: string | null }[] = [];
  fake.answers.token = async (request) => {
    seen.push({ body: await request.text(), authorization: request.headers.get("authorization") });
    return Response.json({ id_token: fake.idToken });
  };
  fake.metadata = { scopes_supported: ["openid", "profile"] };

  await atFake(fake).idp.authenticate({ ...credential, password: "p&ss=wörd:+" });

  expect(seen[0]?.authorization).toBeNull();
  expect([...new URLSearchParams(seen[0]?.body)]).toEqual([
    ["grant_type", "client_credentials"],
    ["client_id", "app"],
    ["username", "alice"],
    ["password", "p&ss=wörd:+"],
    ["scope", "openid profile"],
  ]);
});

describe("no id_token", () => {
  const access = (over: Readonly<Record<string, unknown>> = {}) =>
    token(
      { alg: "ES256", kid: "fake", typ: "at+jwt" },
      goodClaims(fake, { nonce: undefined, client_id: "app", ...over }),
      es256(issuerKey.privateKey),
    );

  test("a JWT access token for this client authenticates its subject, and is not passed on", async () => {
    expect(await issued({ access_token: access() })).toMatchObject({ kind: "known", identity: { rawToken: "" } });
  });

  test("one for another is a refusal, and so is an opaque one", async () => {
    expect((await issued({ access_token: access({ aud: "other" }) })).kind).toBe("refused");
    expect((await issued({ access_token: "opaque" })).kind).toBe("refused");
  });

  test("one of our client itself is a refusal: the issuer has not looked at the password", async () => {
    expect((await issued({ access_token: access({ sub: "app" }) })).kind).toBe("refused");
    expect((await issued({ access_token: access({ sub: undefined }) })).kind).toBe("refused");
  });
});

test("an id_token of our client itself is a refusal: the issuer has not looked at the password", async () => {
  expect((await issued({ id_token: goodToken(fake, { sub: "app", nonce: undefined }) })).kind).toBe("refused");
});

test.each<[string, () => string]>([
  ["JWT-05: another audience", () => goodToken(fake, { aud: "other" })],
  ["JWT-05: another issuer", () => goodToken(fake, { iss: "https://evil.test" })],
  ["JWT-06: past its time", () => goodToken(fake, { exp: testNow - 61 })],
  ["JWT-07: an access token in its place", () => goodToken(fake, {}, { typ: "at+jwt" })],
  ["another key's", () => token({ alg: "ES256", kid: "fake" }, goodClaims(fake), es256(strangerKey.privateKey))],
  ["no token", () => "x"],
])("an invalid id_token is a refusal: %s", async (_what, idToken) => {
  expect((await issued({ id_token: idToken() })).kind).toBe("refused");
});

test.each([400, 401, 403, 404])("%d of the token endpoint is a refusal", async (status) => {
  const answer = await answers(() => Response.json({ error: "invalid_grant" }, { status }));

  expect(answer.kind).toBe("refused");
  expect(JSON.stringify(answer)).not.toContain("the-password-itself");
});

test.each([
  ["503", () => new Response("", { status: 503 }), "idp_unreachable"],
  ["429", () => new Response("", { status: 429 }), "idp_unreachable"],
  [
    "a redirect",
    () => new Response("", { status: 307, headers: { location: "https://evil.test" } }),
    "idp_misconfigured",
  ],
  ["200 without a token", () => Response.json({}), "idp_misconfigured"],
  ["200 with a list", () => Response.json([]), "idp_misconfigured"],
  ["200 without JSON", () => new Response("welcome"), "idp_misconfigured"],
  ["200 with a token that is no text", () => Response.json({ id_token: 1, access_token: {} }), "idp_misconfigured"],
])("M2M-14: %s is not a refusal", async (_what, response, code) => {
  const outcome = await outcomeOf(answers(response));

  expect(outcome).toStartWith(code);
  expect(outcome).not.toContain("the-password-itself");
});
