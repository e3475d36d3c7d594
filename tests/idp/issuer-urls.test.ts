import { afterEach, beforeEach, expect, test } from "bun:test";
import { requestedScopes } from "../../src/idp/issuer-urls.ts";
import { type FakeIssuer, startFakeIssuer } from "../fakes/idp.ts";
import { atFake, checks } from "./at-a-fake-issuer.ts";

const redirectUri = "https://app.test/outpost.goauthentik.io/callback?X-authentik-auth-callback=true";
let fake: FakeIssuer;
beforeEach(() => {
  fake = startFakeIssuer();
});
afterEach(() => fake.stop());

async function parametersOf(
  oidc: Parameters<typeof atFake>[1],
  prompt: string | null = null,
): Promise<Record<string, string>> {
  const url = new URL(await atFake(fake, oidc).idp.authorizationUrl({ ...checks, redirectUri, prompt }));
  return Object.fromEntries(url.searchParams);
}

test("RED-09 OIDC-05: the authorization request has our parameters and nothing else; the verifier is not in it", async () => {
  expect(await parametersOf({})).toEqual({
    response_type: "code",
    client_id: "app",
    redirect_uri: redirectUri,
    scope: "openid profile email entitlements ak_proxy",
    state: checks.state,
    nonce: checks.nonce,
    code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", // RFC 7636, appendix B
    code_challenge_method: "S256",
  });
});

test("authorize_params are added and never replace ours", async () => {
  const authorizeParams = {
    acr_values: "mfa",
    state: "x",
    nonce: "x",
    redirect_uri: "https://evil.test",
    client_id: "x",
    response_type: "token",
    response_mode: "form_post",
    code_challenge_method: "plain",
  };

  const parameters = await parametersOf({ authorizeParams });

  expect(parameters).toMatchObject({
    acr_values: "mfa",
    state: checks.state,
    nonce: checks.nonce,
    redirect_uri: redirectUri,
    client_id: "app",
    response_type: "code",
    code_challenge_method: "S256",
  });
  expect(parameters).not.toHaveProperty("response_mode");
});

test.each([
  [undefined, "select_account"],
  [["none", "login", "select_account"], "select_account"],
  [["none", "login"], "login"],
])("an issuer that advertises the prompts %j gets the prompt %s", async (prompts, expected) => {
  fake.metadata = { prompt_values_supported: prompts };

  expect(await parametersOf({}, "select_account")).toMatchObject({ prompt: expected });
});

test("a prompt that is asked for wins over the configured one", async () => {
  const authorizeParams = { prompt: "consent" };

  expect(await parametersOf({ authorizeParams })).toMatchObject({ prompt: "consent" });
  expect(await parametersOf({ authorizeParams }, "login")).toMatchObject({ prompt: "login" });
});

test("the query of the issuer's endpoint is kept", async () => {
  fake.metadata = {
    authorization_endpoint: `${fake.issuer}/authorize?tenant=a%26b`,
    end_session_endpoint: `${fake.issuer}/bye?tenant=a%26b`,
  };
  const { idp } = atFake(fake);

  const way = new URL(await idp.authorizationUrl({ ...checks, redirectUri, prompt: null }));
  const out = await idp.endSessionUrl("h.p.s");

  expect(way.searchParams.get("tenant")).toBe("a&b");
  expect(out).toBe(`${fake.issuer}/bye?tenant=a%26b&id_token_hint=h.p.s&client_id=app`);
});

test("an issuer without end_session_endpoint has no logout URL", async () => {
  expect(await atFake(fake).idp.endSessionUrl("h.p.s")).toBeNull();
});

test.each([
  [["openid", "profile", "ak_proxy"], [], ["openid", "profile", "ak_proxy"]],
  [
    ["openid", "profile", "ak_proxy"],
    ["openid", "profile"],
    ["openid", "profile"],
  ],
  [["profile"], ["profile"], ["openid", "profile"]],
  [["profile", "profile"], [], ["openid", "profile"]],
  [[], ["profile"], ["openid"]],
])(
  "of the scopes %j, with %j advertised, %j are requested",
  (configured: string[], advertised: string[], asked: string[]) => {
    expect(requestedScopes(configured, advertised)).toEqual(asked);
  },
);
