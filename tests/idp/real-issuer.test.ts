import { afterAll, expect, test } from "bun:test";
import { noClaimedFields } from "../../src/core/identity/identity-fields.ts";
import { startToyIssuer } from "../../src/demo/toy-issuer.ts";
import { identityProviders } from "../../src/idp/identity-provider.ts";
import type { LoginChecks } from "../../src/ports/identity-provider.ts";
import { cancelLogin, createBrowser, loginAs } from "../fakes/browser.ts";
import { keptLog } from "../fakes/kept-log.ts";
import { loginSettings } from "../fakes/samples.ts";

const landing = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("landed") });
const redirectUri = `http://app.localhost:${landing.port}/outpost.goauthentik.io/callback?X-authentik-auth-callback=true`;
const secret = "a client secret of forty characters, yes";
const checks: LoginChecks = {
  state: "state-0123456789",
  nonce: "nonce-0123456789",
  codeVerifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
};
const client = { clientSecret: secret, redirectUris: [redirectUri] };
const toy = await startToyIssuer({
  port: 0,
  users: {
    alice: {
      preferred_username: "alice",
      email: "alice@example.test",
      name: "Alice",
      groups: ["admins", "staff"],
      entitlements: ["demo"],
    },
    carol: {
      preferred_username: "carol",
      ak_proxy: { backend_override: "http://inner.test/carol", user_attributes: { a: 1 } },
    },
  },
  clients: [
    { ...client, clientId: "app" },
    { ...client, clientId: "public", clientSecret: "" },
    ...["client_secret_post", "client_secret_jwt"].map((method) => ({
      ...client,
      clientId: method,
      metadata: { token_endpoint_auth_method: method },
    })),
    ...["RS256", "PS256", "ES256", "EdDSA", "Ed25519"].map((algorithm) => ({
      ...client,
      clientId: algorithm,
      metadata: { id_token_signed_response_alg: algorithm },
    })),
    {
      ...client,
      clientId: "with-sid",
      metadata: {
        backchannel_logout_uri: `http://127.0.0.1:${landing.port}/x`,
        backchannel_logout_session_required: true,
      },
    },
  ],
});
afterAll(async () => {
  await toy.close();
  await landing.stop(true);
});

/** Real time: the toy issuer uses the machine's clock. */
const now = () => Math.floor(Date.now() / 1000);

function provider(oidc: Parameters<typeof loginSettings>[1] = {}) {
  return identityProviders({ log: keptLog(), now, version: "0.0.0" })(loginSettings(toy.issuer, oidc));
}

async function callbackOf(idp: ReturnType<typeof provider>, subject: string): Promise<URL> {
  const start = await idp.authorizationUrl({ ...checks, redirectUri, prompt: null });
  return new URL((await loginAs(createBrowser(), start, subject)).url);
}

test("a login at a real issuer becomes an identity", async () => {
  const idp = provider();

  const { identity } = await idp.redeem(await callbackOf(idp, "alice"), checks);

  const { rawToken, ...rest } = identity;
  expect(rest).toEqual({
    ...noClaimedFields,
    issuer: toy.issuer,
    subject: "alice",
    uid: "alice",
    username: "alice",
    email: "alice@example.test",
    emailVerified: null,
    name: "Alice",
    groups: ["admins", "staff"],
    entitlements: ["demo"],
    areGroupsLeftOut: false,
    claims: {},
    idpSession: null,
    proxy: { backendOverride: null, hostHeader: null, userAttributes: {} },
  });
  expect(rawToken.split(".")).toHaveLength(3);
});

test("ak_proxy of the issuer is read", async () => {
  const idp = provider();

  const { identity } = await idp.redeem(await callbackOf(idp, "carol"), checks);

  expect(identity.proxy.backendOverride).toBe("http://inner.test/carol");
  expect(JSON.stringify(identity.proxy.userAttributes)).toBe('{"a":1}');
});

test("sid is kept for back-channel logout", async () => {
  const idp = provider({ clientId: "with-sid" });

  const { identity } = await idp.redeem(await callbackOf(idp, "alice"), checks);

  expect(identity.idpSession).toMatch(/^[\w-]{10,}$/);
});

test.each([
  ["RS256", secret],
  ["PS256", secret],
  ["ES256", secret],
  ["EdDSA", secret],
  ["Ed25519", secret],
  ["client_secret_post", secret],
  ["client_secret_jwt", secret],
  ["public", ""],
])("a client registered as %s logs in", async (clientId, clientSecret) => {
  const idp = provider({
    clientId,
    clientSecret,
    tokenEndpointAuthMethod: clientId.startsWith("client_") ? clientId : "",
  });

  const { identity } = await idp.redeem(await callbackOf(idp, "alice"), checks);

  expect(identity.subject).toBe("alice");
});

test("OIDC-05: a code is refused without the verifier of its login", async () => {
  const idp = provider();
  const callback = await callbackOf(idp, "alice");

  const redeeming = idp.redeem(callback, { ...checks, codeVerifier: "another-verifier-another-verifier-another-v" });

  await expect(redeeming).rejects.toMatchObject({ code: "idp_rejected_code" });
});

test("OIDC-02: a code is redeemed once", async () => {
  const idp = provider();
  const callback = await callbackOf(idp, "alice");
  await idp.redeem(callback, checks);

  await expect(idp.redeem(callback, checks)).rejects.toMatchObject({
    code: "idp_rejected_code",
    message: 'issuer: refused the login with "invalid_grant"',
  });
});

test("OIDC-08: another state is refused before the token endpoint is asked", async () => {
  const idp = provider();
  const callback = await callbackOf(idp, "alice");
  const before = toy.hits.token;

  await expect(idp.redeem(callback, { ...checks, state: "another" })).rejects.toMatchObject({
    code: "idp_rejected_code",
  });

  expect(toy.hits.token).toBe(before);
});

test("OIDC-06: an iss that is missing, of another issuer or given twice is refused before the token endpoint is asked", async () => {
  const idp = provider();
  const before = toy.hits.token;

  for (const iss of [[], ["https://other.test"], [toy.issuer, toy.issuer], [`${toy.issuer}/`]]) {
    const callback = await callbackOf(idp, "alice");
    callback.searchParams.delete("iss");
    for (const one of iss) callback.searchParams.append("iss", one);
    await expect(idp.redeem(callback, checks)).rejects.toMatchObject({ code: "idp_rejected_code" });
  }

  expect(toy.hits.token).toBe(before);
});

test("OIDC-04: another nonce is refused", async () => {
  const idp = provider();
  const callback = await callbackOf(idp, "alice");

  await expect(idp.redeem(callback, { ...checks, nonce: "another" })).rejects.toMatchObject({
    code: "idp_token_invalid",
  });
});

test("a login cancelled at the issuer is login_denied", async () => {
  const idp = provider();
  const browser = createBrowser();
  const start = await idp.authorizationUrl({ ...checks, redirectUri, prompt: null });
  const callback = new URL((await cancelLogin(browser, await browser.follow(start))).url);

  await expect(idp.redeem(callback, checks)).rejects.toMatchObject({ code: "login_denied" });
});

test("a wrong client secret is a misconfiguration that names what to check", async () => {
  const right = provider();
  const wrong = provider({ clientSecret: "another secret" });
  const callback = await callbackOf(right, "alice");

  const refusal = await wrong.redeem(callback, checks).catch((error: unknown) => error);

  expect(refusal).toMatchObject({ code: "idp_misconfigured" });
  expect(String(refusal)).toContain("check client_id, client_secret and token_endpoint_auth_method");
  expect(String(refusal)).not.toContain("another secret");
});

test("an issuer that answers 503 or not at all is unreachable, and works again later", async () => {
  const idp = provider();
  const callback = await callbackOf(idp, "alice");

  toy.setAvailability("failing");
  await expect(idp.redeem(callback, checks)).rejects.toMatchObject({ code: "idp_unreachable" });
  toy.setAvailability("down");
  await expect(idp.redeem(callback, checks)).rejects.toMatchObject({ code: "idp_unreachable" });
  toy.setAvailability("up");

  expect(await idp.redeem(callback, checks)).toMatchObject({ identity: { subject: "alice" } });
});

test("the logout URL has the id_token as hint and the client id", async () => {
  const idp = provider({ postLogoutRedirectUri: "https://app.test/bye?a=b&c" });

  const url = new URL((await idp.endSessionUrl("a.b.c")) ?? "");

  expect(url.pathname).toBe("/session/end");
  expect([...url.searchParams]).toEqual([
    ["id_token_hint", "a.b.c"],
    ["client_id", "app"],
    ["post_logout_redirect_uri", "https://app.test/bye?a=b&c"],
  ]);
});
