import { afterEach, beforeEach, expect, test } from "bun:test";
import { type FakeIssuer, startFakeIssuer } from "../fakes/idp.ts";
import { atFake, callbackUrl, checks, goodToken, loginWith, outcomeOf } from "./at-a-fake-issuer.ts";

let fake: FakeIssuer;
beforeEach(() => {
  fake = startFakeIssuer();
});
afterEach(() => fake.stop());

test.each([
  ["HTML", () => new Response("<html>login</html>", { headers: { "content-type": "text/html" } })],
  [
    "JSON under another media type",
    () => new Response('{"access_token":"a"}', { headers: { "content-type": "text/plain" } }),
  ],
  ["a JSON array", () => Response.json([])],
  ["no JSON", () => new Response("{", { headers: { "content-type": "application/json" } })],
  ["no access token", () => Response.json({ token_type: "Bearer", id_token: "a.b.c" })],
  [
    "five mebibytes",
    () => new Response("x".repeat(5 * 1024 * 1024), { headers: { "content-type": "application/json" } }),
  ],
  ["a redirect", () => Response.redirect("http://127.0.0.1:1/", 302)],
  ["a redirect that keeps the body", () => Response.redirect("http://127.0.0.1:1/", 307)],
  ["204", () => new Response(null, { status: 204 })],
])("OIDC-12: a token endpoint that answers with %s is a misconfiguration", async (_what, answer) => {
  fake.answers.token = answer;

  const outcome = await outcomeOf(atFake(fake).idp.redeem(callbackUrl(), checks));

  expect(outcome).toStartWith("idp_misconfigured ");
});

test("OIDC-12: a redirect of the token endpoint is not followed", async () => {
  fake.answers.token = () => Response.redirect(`${fake.issuer}/elsewhere`, 307);

  await outcomeOf(atFake(fake).idp.redeem(callbackUrl(), checks));

  expect(fake.hits.other).toBe(0);
});

test("OIDC-12: a token endpoint that does not answer in time is unreachable", async () => {
  fake.answers.token = () => new Promise(() => {});

  const outcome = await outcomeOf(atFake(fake, {}, 40).idp.redeem(callbackUrl(), checks));

  expect(outcome).toBe(`idp_unreachable issuer: "${fake.issuer}/token" did not answer within 0.04 s`);
});

test("OIDC-12: a slow answer must be complete within the timeout", async () => {
  fake.answers.token = () =>
    new Response(
      new ReadableStream({
        async pull(controller) {
          controller.enqueue(new TextEncoder().encode(" "));
          await Bun.sleep(5);
        },
      }),
      { headers: { "content-type": "application/json" } },
    );

  const outcome = await outcomeOf(atFake(fake, {}, 60).idp.redeem(callbackUrl(), checks));

  expect(outcome).toEndWith("did not answer within 0.06 s");
});

test.each([500, 502, 503])("a token endpoint that answers %d is unreachable", async (status) => {
  fake.answers.token = () => Response.json({ error: "invalid_grant" }, { status });

  const outcome = await outcomeOf(atFake(fake).idp.redeem(callbackUrl(), checks));

  expect(outcome).toBe(`idp_unreachable issuer: "${fake.issuer}/token" answered ${status}`);
});

test.each([
  ["invalid_grant", "idp_rejected_code"],
  ["invalid_request", "idp_rejected_code"],
  ["invalid_client", "idp_misconfigured"],
  ["unauthorized_client", "idp_misconfigured"],
  ["temporarily_unavailable", "idp_unreachable"],
])("the refusal %s is %s", async (error, code) => {
  fake.answers.token = () => Response.json({ error, error_description: "the-code-itself is wrong" }, { status: 400 });

  const outcome = await outcomeOf(atFake(fake).idp.redeem(callbackUrl(), checks));

  expect(outcome).toStartWith(`${code} issuer: refused the login with "${error}"`);
  expect(outcome).not.toContain("the-code-itself");
});

test("401 with WWW-Authenticate from the token endpoint is a misconfigured client", async () => {
  fake.answers.token = () => new Response("", { status: 401, headers: { "www-authenticate": 'Basic realm="idp"' } });

  expect(await outcomeOf(atFake(fake).idp.redeem(callbackUrl(), checks))).toStartWith("idp_misconfigured ");
});

test("an answer without id_token fails the login", async () => {
  fake.answers.token = () => Response.json({ access_token: "a", token_type: "Bearer" });

  expect(await outcomeOf(atFake(fake).idp.redeem(callbackUrl(), checks))).toMatch(
    /^idp_(token_invalid|misconfigured) /,
  );
});

test("an error of the issuer that is not an error code is not shown", async () => {
  const callback = callbackUrl();
  callback.searchParams.delete("code");
  callback.searchParams.set("error", "<script>alert(1)</script>");

  expect(await outcomeOf(atFake(fake).idp.redeem(callback, checks))).toBe(
    'idp_rejected_code callback: issuer: refused the login with "an unreadable error"',
  );
});

test.each([
  [""],
  ["?"],
  [`?state=${checks.state}`],
  ["?code=a"],
  ["?code=a&state="],
  [`?code=a&state[]=${checks.state}`],
  [`?code=a&state=${"x".repeat(10_240)}`],
  [`?code=a&state=${checks.state}&state=${checks.state}`],
  [`?code=a&code=b&state=${checks.state}`],
  [`?code=a&state=${checks.state}&response=a.b.c`],
  [`?code=a&state=${checks.state}&id_token=a.b.c`],
  ["?error="],
  ["?error=x&error=y"],
])("OIDC-09: the callback %j is refused without asking the issuer for a token", async (query) => {
  const callback = new URL(`https://app.test/outpost.goauthentik.io/callback${query}`);

  expect(await outcomeOf(atFake(fake).idp.redeem(callback, checks))).toStartWith("idp_rejected_code callback: ");

  expect(fake.hits.token).toBe(0);
});

test("OIDC-06: iss is required when the metadata announces it, and must be correct when it does not", async () => {
  const { idp } = atFake(fake);
  const wrong = callbackUrl();
  wrong.searchParams.set("iss", "https://other.test");
  const refused = await outcomeOf(idp.redeem(wrong, checks));
  fake.metadata = { authorization_response_iss_parameter_supported: true };
  const missing = await outcomeOf(atFake(fake).idp.redeem(callbackUrl(), checks));

  expect(refused).toStartWith("idp_rejected_code callback: ");
  expect(missing).toStartWith("idp_rejected_code callback: ");
  expect(fake.hits.token).toBe(0);
});

test("the token request has the code, the verifier, the redirect URI with its query, and the client authentication", async () => {
  const seen: { form: URLSearchParams; headers: Headers }[] = [];
  fake.answers.token = async (request) => {
    seen.push({ form: new URLSearchParams(await request.text()), headers: request.headers });
    return Response.json({ access_token: "a", token_type: "Bearer", id_token: goodToken(fake) });
  };
  const callback = callbackUrl();
  callback.searchParams.set("X-authentik-auth-callback", "true");
  callback.searchParams.set("session_state", "added by the issuer");

  await atFake(fake).idp.redeem(callback, checks);

  expect(Object.fromEntries(seen[0]?.form ?? [])).toEqual({
    grant_type: "authorization_code",
    code: "the-code-itself",
    code_verifier: checks.codeVerifier,
    redirect_uri: "https://app.test/outpost.goauthentik.io/callback?X-authentik-auth-callback=true",
  });
  expect(seen[0]?.headers.get("authorization")).toStartWith("Basic ");
  expect(seen[0]?.headers.get("user-agent")).toBe("goauthentik.io/outpost/1.2.3 (provider=app)");
});

test.each([
  ["", ["client_secret_post"], "post"],
  ["", ["private_key_jwt", "client_secret_post", "client_secret_basic"], "basic"],
  ["client_secret_post", ["client_secret_basic"], "post"],
  ["none", ["client_secret_basic"], "none"],
])(
  "with token_endpoint_auth_method %j and the issuer's %j the client shows itself by %s",
  async (tokenEndpointAuthMethod, methods, by) => {
    const seen: string[] = [];
    fake.metadata = { token_endpoint_auth_methods_supported: methods };
    fake.answers.token = async (request) => {
      const posted = (await request.text()).includes("client_secret=") ? "post" : "none";
      seen.push(request.headers.has("authorization") ? "basic" : posted);
      return Response.json({ access_token: "a", token_type: "Bearer", id_token: goodToken(fake) });
    };

    await atFake(fake, { tokenEndpointAuthMethod }).idp.redeem(callbackUrl(), checks);

    expect(seen).toEqual([by]);
  },
);

test("keys that cannot be had are the issuer's fault, not the token's", async () => {
  fake.answers.jwks = () => new Response("", { status: 503 });
  const down = await loginWith(fake, goodToken(fake));
  fake.answers.jwks = () => new Response("<html>");
  const html = await loginWith(fake, goodToken(fake));
  fake.answers.jwks = () => new Response("", { status: 404 });
  const missing = await loginWith(fake, goodToken(fake));

  expect(down).toBe(`idp_unreachable issuer: "${fake.issuer}/jwks" answered 503`);
  expect(html).toStartWith("idp_misconfigured ");
  expect(missing).toStartWith("idp_misconfigured ");
});
