import { afterEach, beforeEach, expect, test } from "bun:test";
import type { Identity } from "../../src/core/identity.ts";
import type { IdentityProvider, Refreshed } from "../../src/ports/identity-provider.ts";
import { es256, type FakeIssuer, startFakeIssuer, strangerKey, token } from "../fakes/idp.ts";
import { atFake, callbackUrl, checks, goodClaims, goodToken, testNow } from "./at-a-fake-issuer.ts";

let fake: FakeIssuer;
let idp: IdentityProvider;
let lines: readonly string[];
let forms: URLSearchParams[];
beforeEach(() => {
  fake = startFakeIssuer();
  ({ idp, lines } = atFake(fake));
  forms = [];
});
afterEach(() => fake.stop());

/** Sets the answer of the token endpoint: `over` is added to an answer without id_token. */
function answers(over: Readonly<Record<string, unknown>>, status = 200): void {
  fake.answers.token = async (request) => {
    forms.push(new URLSearchParams(await request.text()));
    return Response.json({ access_token: "access", token_type: "Bearer", ...over }, { status });
  };
}

async function loggedIn(over: Readonly<Record<string, unknown>> = {}): Promise<Identity> {
  answers({ id_token: goodToken(fake, { sid: "s1", ...over }), refresh_token: "first", expires_in: 300 });
  return (await idp.redeem(callbackUrl(), checks)).identity;
}

/** The outcome as one line. */
function told(refreshed: Refreshed): string {
  switch (refreshed.kind) {
    case "fresh":
      return `fresh ${refreshed.identity.groups.join("+")} ${refreshed.grant.token} ${refreshed.grant.accessSeconds}`;
    case "ended":
      return `ended: ${refreshed.reason}`;
    case "unknown":
      return `unknown ${refreshed.failure.code} ${refreshed.grant?.token ?? "same"}: ${refreshed.failure.message}`;
  }
}

test("a login returns its refresh token and the lifetime of the access token", async () => {
  answers({ id_token: goodToken(fake), refresh_token: "first", expires_in: 300 });
  const given = await idp.redeem(callbackUrl(), checks);
  answers({ id_token: goodToken(fake) });
  const none = await idp.redeem(callbackUrl(), checks);

  expect(given.grant).toEqual({ token: "first", accessSeconds: 300 });
  expect(none.grant).toBeNull();
});

test("a refresh posts the token and nothing of the login, and reads the new claims", async () => {
  const before = await loggedIn();
  const idToken = goodToken(fake, { nonce: undefined, groups: ["staff", "ops"], iat: testNow + 10 });
  answers({ id_token: idToken, refresh_token: "second", expires_in: 60 });

  const refreshed = await idp.refresh(before, "first");

  expect(Object.fromEntries(forms.at(-1) ?? [])).toEqual({ grant_type: "refresh_token", refresh_token: "first" });
  expect(told(refreshed)).toBe("fresh staff+ops second 60");
  expect(refreshed.kind === "fresh" && refreshed.identity.rawToken).toBe(idToken);
  expect(refreshed.kind === "fresh" && refreshed.identity.idpSession).toBe("s1"); // not in this id_token
});

test("an issuer that gives no new refresh token leaves the old one in force", async () => {
  const before = await loggedIn();
  answers({ id_token: goodToken(fake, { nonce: undefined }) });

  expect(told(await idp.refresh(before, "first"))).toBe("fresh staff first null");
});

test.each([
  ["the nonce of the login", { nonce: checks.nonce }, "fresh staff second null"],
  ["no nonce", { nonce: undefined }, "fresh staff second null"],
  ["another nonce", { nonce: "x" }, "unknown idp_token_invalid second: id_token: nonce does not match this login"],
  ["another subject", { sub: "u2" }, "ended: the issuer names another subject"],
  ["another audience", { aud: "other" }, "unknown idp_token_invalid second: id_token: "],
  ["another issuer", { iss: "https://other.test" }, "unknown idp_token_invalid second: id_token: "],
  ["an end in the past", { exp: testNow - 61 }, "unknown idp_token_invalid second: id_token: "],
  ["an event", { events: {} }, "unknown idp_token_invalid second: id_token: events belongs "],
])("OIDC-14: an id_token with %s", async (_what, over, outcome) => {
  const before = await loggedIn();
  answers({ id_token: goodToken(fake, over), refresh_token: "second" });

  expect(told(await idp.refresh(before, "first"))).toStartWith(outcome);
});

test("OIDC-14: an id_token that the issuer did not sign changes nothing; the new refresh token is kept all the same", async () => {
  const before = await loggedIn();
  const forged = token({ alg: "ES256", kid: "fake" }, goodClaims(fake), es256(strangerKey.privateKey));
  answers({ id_token: forged, refresh_token: "second" });

  expect(told(await idp.refresh(before, "first"))).toBe(
    "unknown idp_token_invalid second: id_token: signature verification failed",
  );
});

test("OIDC-14: invalid_grant ends the login", async () => {
  const before = await loggedIn();
  answers({ error: "invalid_grant", error_description: "Token is not active" }, 400);

  expect(told(await idp.refresh(before, "first"))).toBe("ended: the issuer refuses the refresh token");
});

test.each([
  ["invalid_client", 401, "idp_misconfigured"],
  ["unauthorized_client", 400, "idp_misconfigured"],
  ["invalid_request", 400, "idp_rejected_code"],
  ["temporarily_unavailable", 400, "idp_unreachable"],
  ["invalid_grant", 503, "idp_unreachable"],
])("%s with %d says nothing about the user", async (error, status, code) => {
  const before = await loggedIn();
  answers({ error }, status);

  expect(told(await idp.refresh(before, "first"))).toStartWith(`unknown ${code} same: `);
});

test("no answer, or one that is not JSON, says nothing about the user", async () => {
  const before = await loggedIn();
  fake.answers.token = () => new Response("<html>", { headers: { "content-type": "text/html" } });
  const html = told(await idp.refresh(before, "first"));
  await fake.stop();
  const down = told(await idp.refresh(before, "first"));

  expect(html).toStartWith("unknown idp_misconfigured same: ");
  expect(down).toStartWith("unknown idp_unreachable same: ");
});

test("unavailable keys after a rotation do not lose the new refresh token", async () => {
  const before = await loggedIn();
  answers({ id_token: goodToken(fake, { nonce: undefined }, { kid: "newer" }), refresh_token: "second" });
  fake.answers.jwks = () => new Response("", { status: 503 });

  expect(told(await atFake(fake).idp.refresh(before, "first"))).toStartWith("unknown idp_unreachable second: ");
});

test("without id_token the claims come from userinfo: groups that it does not return are removed, names stay", async () => {
  const before = await loggedIn();
  answers({ refresh_token: "second", expires_in: 60 });
  fake.userinfo = { sub: "u1", email: "new@example.test" };

  const refreshed = await idp.refresh(before, "first");

  expect(refreshed).toMatchObject({
    kind: "fresh",
    identity: { username: "alice", name: "Alice", email: "new@example.test", groups: [], rawToken: before.rawToken },
    grant: { token: "second", accessSeconds: 60 },
  });
  expect(refreshed.kind === "fresh" && refreshed.identity.idpSession).toBe("s1");
});

test("OIDC-13: without id_token the verified state of an unchanged address stays, and that of a new one comes from userinfo", async () => {
  const before = await loggedIn({ email_verified: false });
  answers({});
  const said: (boolean | null)[] = [];
  for (const told of [{}, { email: "alice@example.test" }, { email: "n@example.test" }, { email_verified: true }]) {
    fake.userinfo = { sub: "u1", ...told };
    const refreshed = await idp.refresh(before, "first");
    if (refreshed.kind === "fresh") said.push(refreshed.identity.emailVerified);
  }

  expect(said).toEqual([false, false, null, true]);
});

test("OIDC-14: without id_token, userinfo of another subject ends the login", async () => {
  const before = await loggedIn();
  answers({});
  fake.userinfo = { sub: "u2" };

  expect(told(await idp.refresh(before, "first"))).toBe("ended: the issuer names another subject");
});

test("without id_token, a userinfo endpoint that refuses or is not there changes nothing", async () => {
  const before = await loggedIn();
  answers({});
  fake.answers.userinfo = () => new Response("", { status: 401, headers: { "www-authenticate": "Bearer" } });
  const refusing = told(await idp.refresh(before, "first"));
  fake.metadata = { userinfo_endpoint: undefined };
  const missing = told(await atFake(fake).idp.refresh(before, "first"));

  expect([refusing, missing].map((text) => text.split(":")[0])).toEqual([
    "unknown idp_misconfigured same",
    "unknown idp_misconfigured same",
  ]);
});

test("LEAK-01: no message and no log line of a refresh holds a token", async () => {
  const before = await loggedIn();
  answers({ error: "invalid_request", error_description: "first is wrong" }, 400);
  const refused = await idp.refresh(before, "the-refresh-token-itself");
  answers({ id_token: goodToken(fake, { aud: "other" }), refresh_token: "the-new-token-itself" });
  const invalid = await idp.refresh(before, "the-refresh-token-itself");

  const said = [told(refused), told(invalid).replace(" the-new-token-itself:", ""), ...lines].join("\n");
  expect(said).not.toContain("token-itself");
  expect(said).not.toContain("eyJ");
});
