import { afterAll, expect, test } from "bun:test";
import { judgedAnswer } from "../../src/doctor/redirect.ts";
import { checkedWorld } from "./checks.ts";

const { checksOf, end, fake } = checkedWorld();
afterAll(end);

const uri = "https://app.test/outpost.goauthentik.io/callback?X-authentik-auth-callback=true";

test.each<[string, string, Partial<Parameters<typeof judgedAnswer>[0]>]>([
  ["a redirect to a login", "ok", { status: 302, location: "https://idp.test/if/flow/login/?next=%2Fredirect_uri" }],
  [
    "a login page that carries the URI in its own links",
    "ok",
    { status: 200, body: `<a href="/x?redirect_uri=mismatch"><input name=p type="password">` },
  ],
  ["login_required at our own URI", "ok", { status: 302, location: `${uri}&error=login_required&state=x` }],
  ["invalid_scope at our own URI", "fail", { status: 302, location: `${uri}&error=invalid_scope` }],
  ["unauthorized_client at our own URI", "fail", { status: 303, location: `${uri}&error=unauthorized_client` }],
  [
    "authentik's page",
    "fail",
    {
      status: 400,
      body: "<p>The request fails due to a missing, invalid, or mismatching redirection URI (redirect_uri).</p>",
    },
  ],
  ["Keycloak's page", "fail", { status: 400, body: "<p id=e>Invalid parameter: <b>redirect_uri</b></p>" }],
  ["Keycloak's page for a client", "fail", { status: 400, body: "<p>Client not found.</p>" }],
  ["Dex's text", "fail", { status: 400, body: "Unregistered redirect_uri (&quot;https://x&quot;)" }],
  ["Auth0's page", "fail", { status: 403, body: "<h1>Callback URL mismatch</h1>" }],
  [
    "Okta's page",
    "fail",
    { status: 400, body: "The 'redirect_uri' parameter must be a Login redirect URI in the client app" },
  ],
  [
    "Google's error page",
    "fail",
    { status: 302, location: "https://idp.test/signin/oauth/error?authError=redirect_uri_mismatch" },
  ],
  ["Entra's page, which is a 200", "fail", { status: 200, body: "AADSTS50011: The redirect URI does not match" }],
  [
    "a page that says nothing",
    "unknown",
    { status: 200, body: "<div id=root></div><script>redirect_uri_mismatch()</script>" },
  ],
  ["a refusal that says nothing", "unknown", { status: 403, body: "Forbidden" }],
  [
    "an error page that says nothing",
    "unknown",
    { status: 302, location: "https://idp.test/error?error=server_error" },
  ],
])("%s is read as: %s", (_name, standing, answer) => {
  expect(judgedAnswer({ status: 200, location: null, body: "", ...answer }, uri).standing).toBe(standing as never); // as: a row has a text
});

test("a URI that is not registered is shown whole", () => {
  const check = judgedAnswer({ status: 400, location: null, body: "redirect_uri_mismatch" }, uri);

  expect(check.fix).toBe(`register this URI at the issuer: ${uri}`);
});

test.each([
  ["redirect_uri_mismatch", "not registered at the issuer for this client"],
  ["invalid_client", "the issuer does not know this client_id"],
])("the text %s is read as: %s", (body, text) => {
  expect(judgedAnswer({ status: 400, location: null, body }, uri)).toMatchObject({ standing: "fail", text });
});

test("the request is that of a login: client, redirect URI, PKCE, state and nonce, and no prompt", async () => {
  let asked: Request | null = null;
  fake.answers.other = (request) => {
    asked = request;
    return new Response("", { status: 302, headers: { location: "/login/" } });
  };
  const { "redirect URI": check } = await checksOf({});
  delete fake.answers.other;

  const query = new URL((asked as Request | null)?.url ?? "").searchParams; // as: set by the answer above
  expect(check).toMatchObject({ standing: "ok", text: "accepted: the issuer redirects the browser to /login" });
  expect(Object.fromEntries(query)).toMatchObject({
    client_id: "akproxy",
    redirect_uri: uri,
    response_type: "code",
    code_challenge_method: "S256",
  });
  for (const name of ["state", "nonce", "code_challenge"]) expect(query.get(name)).toMatch(/^[\w-]{43}$/);
  expect(query.has("prompt")).toBe(false);
});

test("an authorization endpoint that this machine cannot reach is unknown, with the URI to check", async () => {
  const { "redirect URI": check } = await checksOf({
    metadata: { authorization_endpoint: "http://127.0.0.1:1/authorize" },
  });

  expect(check).toMatchObject({ standing: "unknown", fix: `check that this URI is registered: ${uri}` });
});

test("only the beginning of a page is read, however long it is", async () => {
  fake.answers.other = () => new Response(`${"x".repeat(4_000_000)} redirect_uri_mismatch`);
  const { "redirect URI": check } = await checksOf({});
  delete fake.answers.other;

  expect(check).toMatchObject({ standing: "unknown", text: "not known: the issuer answered 200 with its own page" });
});
