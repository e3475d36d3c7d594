import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { HeaderCredential } from "../../src/core/http/header-credential.ts";
import { type FakeIssuer, startFakeIssuer } from "../fakes/idp.ts";
import { atFake, outcomeOf, testNow } from "./at-a-fake-issuer.ts";

const bearer: HeaderCredential = { kind: "bearer", token: "the-token-itself" };

let fake: FakeIssuer;
let asked: { readonly body: string; readonly authorization: string | null }[] = [];
/** The answer of the introspection endpoint. */
let said: Response | Readonly<Record<string, unknown>>;

const aliceSaid = () => ({
  active: true,
  client_id: "app",
  sub: "u1",
  iss: fake.issuer,
  exp: testNow + 300,
  token_type: "Bearer",
  scope: "openid profile",
  preferred_username: "alice",
  email: "alice@example.test",
  name: "Alice",
  groups: ["staff"],
  entitlements: ["demo"],
});

beforeEach(() => {
  fake = startFakeIssuer();
  fake.metadata = { introspection_endpoint: `${fake.issuer}/introspect` };
  asked = [];
  said = aliceSaid();
  fake.answers.other = async (request) => {
    asked.push({ body: await request.text(), authorization: request.headers.get("authorization") });
    return said instanceof Response ? said : Response.json(said);
  };
});
afterEach(() => fake.stop());

test("an active token of this client authenticates its subject until its exp, and is not passed on", async () => {
  const answer = await atFake(fake).idp.authenticate(bearer);

  expect(answer).toMatchObject({
    kind: "known",
    expiresAt: testNow + 300,
    identity: { issuer: fake.issuer, subject: "u1", username: "alice", groups: ["staff"], rawToken: "" },
  });
});

test("introspection uses the client authentication of the token endpoint, with the token in the body", async () => {
  await atFake(fake).idp.authenticate(bearer);
  await atFake(fake, { tokenEndpointAuthMethod: "client_secret_post" }).idp.authenticate(bearer);

  expect(asked[0]?.authorization).toStartWith("Basic ");
  expect(asked[0]?.body).toBe("token_type_hint=access_token&token=the-token-itself");
  expect(new URLSearchParams(asked[1]?.body).get("client_id")).toBe("app");
});

describe("M2M-01: active alone is not enough", () => {
  test.each<[string, Readonly<Record<string, unknown>>]>([
    ["client_id is another", { client_id: "other" }],
    ["client_id is missing, and nothing else says whose it is", { client_id: undefined }],
    ["client_id is another, though azp is ours", { client_id: "other", azp: "app" }],
    ["azp alone is another", { client_id: undefined, azp: "other" }],
    ["aud and client_id are others", { client_id: "other", aud: ["a", "b"] }],
    ["aud has ours inside a longer name", { client_id: "other", aud: "app2" }],
    ["client_id is of another case", { client_id: "APP" }],
    ["client_id is a list", { client_id: ["app"] }],
    ["iss is another issuer", { iss: "https://evil.test" }],
    ["iss has a slash more", { iss: "slash" }],
    ["exp is now", { exp: testNow }],
    ["exp is past", { exp: testNow - 1 }],
    ["exp is a text", { exp: String(testNow + 300) }],
    ["nbf is far in the future", { nbf: testNow + 3600 }],
    ["active is missing", { active: undefined }],
    ["active is a text", { active: "true" }],
    ["active is 1", { active: 1 }],
    ["not active", { active: false }],
    ["a refresh token", { typ: "Refresh" }],
    ["an id_token", { typ: "ID" }],
    ["a logout token", { events: {} }],
    ["bound to a key", { cnf: { jkt: "x" } }],
    ["sub is not a text", { sub: 0 }],
    ["sub is empty", { sub: "" }],
  ])("%s: no", async (_what, over) => {
    said = { ...aliceSaid(), ...over, ...(over["iss"] === "slash" ? { iss: `${fake.issuer}/` } : {}) };

    const { idp } = atFake(fake);
    const answer = await idp.authenticate(bearer).catch((error: { readonly code: string }) => error);

    // an answer that does not follow RFC 7662 is an error of the issuer: the token is neither refused nor accepted
    expect(["refused", "idp_misconfigured"]).toContain("kind" in answer ? answer.kind : answer.code);
  });

  test.each<[string, Readonly<Record<string, unknown>>]>([
    ["aud is ours", { client_id: "other", aud: "app" }],
    ["aud has ours among others", { client_id: "other", aud: ["b", "app"] }],
    ["azp is ours and there is no client_id", { client_id: undefined, azp: "app" }],
    ["no iss is told", { iss: undefined }],
    ["typ is Keycloak's Bearer", { typ: "Bearer" }],
  ])("%s: yes", async (_what, over) => {
    said = { ...aliceSaid(), ...over };

    expect((await atFake(fake).idp.authenticate(bearer)).kind).toBe("known");
  });
});

test("decision 39: a machine's token without sub is its client's", async () => {
  said = { active: true, client_id: "app", exp: testNow + 300, scope: "openid", groups: ["admins"] };

  const answer = await atFake(fake).idp.authenticate(bearer);

  expect(answer).toMatchObject({ kind: "known", identity: { uid: "app", username: "app", groups: [], email: "" } });
  expect(fake.hits.userinfo).toBe(0);
});

test("decision 4: a claim missing in the introspection answer is read from userinfo, for users with the scope openid", async () => {
  fake.userinfo = { sub: "u1", groups: ["from-userinfo"] };
  said = { ...aliceSaid(), groups: undefined };
  const withScope = await atFake(fake).idp.authenticate(bearer);
  said = { ...aliceSaid(), groups: undefined, scope: "api" };
  const without = await atFake(fake).idp.authenticate(bearer);

  expect(withScope).toMatchObject({ identity: { groups: ["from-userinfo"] } });
  expect(without).toMatchObject({ identity: { groups: [] } });
  expect(fake.hits.userinfo).toBe(1);
});

test("userinfo of another user is a refusal", async () => {
  fake.userinfo = { sub: "u2", groups: ["admins"] };
  said = { ...aliceSaid(), groups: undefined };

  expect((await atFake(fake).idp.authenticate(bearer)).kind).toBe("refused");
});

describe("M2M-14: an issuer that cannot answer refuses nothing", () => {
  test.each([
    ["503", () => new Response("", { status: 503 }), "idp_unreachable"],
    [
      "a redirect",
      () => new Response("", { status: 302, headers: { location: "https://evil.test" } }),
      "idp_misconfigured",
    ],
    [
      "401, since it does not take our client",
      () => Response.json({ error: "invalid_client" }, { status: 401 }),
      "idp_misconfigured",
    ],
    ["no JSON", () => new Response("active=true"), "idp_misconfigured"],
    ["more than a megabyte", () => Response.json({ active: true, x: "x".repeat(1_100_000) }), "idp_misconfigured"],
  ])("%s", async (_what, answer, code) => {
    said = answer();

    const outcome = await outcomeOf(atFake(fake).idp.authenticate(bearer));

    expect(outcome).toStartWith(code);
    expect(outcome).not.toContain("the-token-itself");
  });

  test("no answer in time", async () => {
    fake.answers.other = () => new Promise(() => {});

    expect(await outcomeOf(atFake(fake, {}, 50).idp.authenticate(bearer))).toStartWith("idp_unreachable");
  });
});

test("a token that the issuer calls malformed is refused", async () => {
  said = Response.json({ error: "invalid_request" }, { status: 400 });

  expect((await atFake(fake).idp.authenticate(bearer)).kind).toBe("refused");
});

test("M2M-04: no reason and no log line holds the token", async () => {
  const { idp, lines } = atFake(fake);
  for (const over of [{ active: false }, { client_id: "other" }, { iss: "x" }, { sub: 0 }]) {
    said = { ...aliceSaid(), ...over };
    const answer = await idp.authenticate(bearer);
    expect(JSON.stringify(answer)).not.toContain("the-token-itself");
  }

  expect(lines.join("\n")).not.toContain("the-token-itself");
});

test("authentik: the password of goauthentik.io/token is a bearer token, and the token endpoint is never asked", async () => {
  const { idp } = atFake(fake);
  const credential = { kind: "basic", username: "goauthentik.io/token", password: "the-token-itself" } as const;

  const good = await idp.authenticate(credential);
  said = { active: false };
  const bad = await idp.authenticate(credential);

  expect([good.kind, bad.kind]).toEqual(["known", "refused"]);
  expect(asked[0]?.body).toContain("token=the-token-itself");
  expect(fake.hits.token).toBe(0);
});
