import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { parseConfigText } from "../../src/config/load.ts";
import { mayEnter } from "../../src/core/decide/access.ts";
import type { Identity } from "../../src/core/identity.ts";
import type { Provider } from "../../src/core/provider.ts";
import { identityProviders } from "../../src/idp/identity-provider.ts";
import { es256, type FakeIssuer, issuerKey, startFakeIssuer, token } from "../fakes/idp.ts";
import { keptLog } from "../fakes/kept-log.ts";
import { callbackUrl, checks, testNow } from "./at-a-fake-issuer.ts";

let fake: FakeIssuer;
beforeAll(() => {
  fake = startFakeIssuer();
});
afterAll(() => fake.stop());
beforeEach(() => {
  fake.userinfo = {};
  fake.hits.userinfo = 0;
});

/** The provider of the config on an issuer's page. */
async function documented(page: string): Promise<Provider> {
  const text = await Bun.file(`docs/issuers/${page}.md`).text();
  const toml = /```toml\n([\s\S]*?)```/.exec(text)?.[1] ?? "";
  const env = { CLIENT_SECRET: "a client secret of forty characters, yes" };
  const { config, problems } = await parseConfigText(toml, { file: "akproxy.toml", env });
  const [provider] = config?.providers ?? [];
  if (provider === undefined || problems.length > 0) throw new Error(problems.map(({ message }) => message).join("\n"));
  return provider;
}

/** Logs in with the config of a page, except for the issuer's URL: `claims` are those of the id_token, without the standard ones. */
async function login(page: string, claims: Readonly<Record<string, unknown>>) {
  const provider = await documented(page);
  const log = keptLog();
  const oidc = { ...provider.oidc, issuer: fake.issuer, tokenEndpointAuthMethod: "" };
  const idp = identityProviders({ log, now: () => testNow, version: "1.2.3" })({ ...provider, oidc });
  const always = {
    iss: fake.issuer,
    aud: provider.oidc.clientId,
    exp: testNow + 300,
    iat: testNow,
    nonce: checks.nonce,
  };
  const payload = { ...always, ...claims };
  fake.idToken = token({ alg: "ES256", kid: "fake" }, payload, es256(issuerKey.privateKey));
  const { identity } = await idp.redeem(callbackUrl(), checks);
  return { ...told(identity), enters: mayEnter(identity, provider.allow), lines: log.lines, identity };
}

function told({ uid, username, email, name, groups, entitlements }: Identity) {
  return { uid, username, email, name, groups, entitlements };
}

describe("a token in the documented form of the issuer gives the identity that its page describes", () => {
  test("authentik", async () => {
    const alice = await login("authentik", {
      acr: "goauthentik.io/providers/oauth2/default",
      amr: ["pwd"],
      auth_time: testNow,
      sid: "5f4dcc3b5aa765d61d8327deb882cf99",
      sub: "900347b8a29876b45ca6f75722635ecfedf0e931c6022e3a29a8aa13fb5516fb",
      uid: "VvXyzw8AP1M",
      email: "alice@company.test",
      email_verified: false,
      name: "Alice Example",
      given_name: "Alice Example",
      preferred_username: "alice",
      nickname: "alice",
      groups: ["authentik Admins", "staff"],
      entitlements: ["reports"],
      ak_proxy: { user_attributes: { additionalHeaders: { "X-test-header": "test-value" } }, is_superuser: true },
    });

    expect(alice).toMatchObject({
      uid: "900347b8a29876b45ca6f75722635ecfedf0e931c6022e3a29a8aa13fb5516fb",
      username: "alice",
      email: "alice@company.test",
      name: "Alice Example",
      groups: ["authentik Admins", "staff"],
      entitlements: ["reports"],
      enters: true,
    });
    expect(alice.identity.proxy.userAttributes["additionalHeaders"]).toEqual({ "X-test-header": "test-value" });
    expect(alice.identity.emailVerified).toBe(false);
    expect(fake.hits.userinfo).toBe(0);
  });

  test("Keycloak", async () => {
    const alice = await login("keycloak", {
      auth_time: testNow,
      jti: "a7ee0c4e-1e7d-4b3a-8f0c-9b1b6f6f5a11",
      sub: "f1888f4d-5172-4359-be0c-af338505d86c",
      typ: "ID",
      azp: "akproxy",
      sid: "d0a9e8c2-9f10-4a57-8a7b-1f6f0c1a2b3c",
      at_hash: "x",
      acr: "1",
      realm_access: { roles: ["default-roles-main", "offline_access", "admin"] },
      resource_access: { akproxy: { roles: ["reports"] }, account: { roles: ["manage-account"] } },
      email_verified: true,
      name: "Alice Example",
      preferred_username: "alice",
      given_name: "Alice",
      family_name: "Example",
      email: "alice@company.test",
    });

    expect(alice).toMatchObject({
      uid: "f1888f4d-5172-4359-be0c-af338505d86c",
      username: "alice",
      email: "alice@company.test",
      name: "Alice Example",
      groups: ["default-roles-main", "offline_access", "admin"],
      entitlements: ["reports"],
      enters: true,
    });
    expect(alice.identity.idpSession).toBe("d0a9e8c2-9f10-4a57-8a7b-1f6f0c1a2b3c");
  });

  const entra = {
    ver: "2.0",
    tid: "833ced3d-cb2e-41de-92f1-29e2af035ddc",
    oid: "eb7eda1b-d09a-40ae-b8bb-37836ebc6abd",
    sub: "3OBtLXUC2ZrN_ADLNjW9X4o0lcd61py7lgHw3Skh77s",
    name: "Alice Example",
    preferred_username: "alice@company.test",
    email: "alice@company.test",
    rh: "0.AR8A",
    uti: "AbC",
  };

  test("Entra ID", async () => {
    const alice = await login("entra", {
      ...entra,
      groups: ["0760b6cf-170e-4a14-91b3-4b78e0739963", "3b2b0c93-acd8-4208-8eba-7a48db1cd4c0"],
      roles: ["App.Reader"],
    });

    expect(alice).toMatchObject({
      uid: "eb7eda1b-d09a-40ae-b8bb-37836ebc6abd",
      username: "alice@company.test",
      email: "alice@company.test",
      name: "Alice Example",
      groups: ["0760b6cf-170e-4a14-91b3-4b78e0739963", "3b2b0c93-acd8-4208-8eba-7a48db1cd4c0"],
      entitlements: ["App.Reader"],
      enters: true,
    });
  });

  test("Entra ID, an app role in place of a group", async () => {
    expect(await login("entra", { ...entra, groups: [], roles: ["App.Admin"] })).toMatchObject({ enters: true });
    expect(await login("entra", { ...entra, groups: [], roles: ["App.Reader"] })).toMatchObject({ enters: false });
  });

  test("Entra ID, groups overage: no groups, so none of them admits the user, and the log says why", async () => {
    fake.userinfo = { sub: entra.sub, name: "Alice Example" };

    const alice = await login("entra", {
      ...entra,
      _claim_names: { groups: "src1" },
      _claim_sources: {
        src1: { endpoint: "https://graph.windows.net/833ced3d/users/eb7eda1b/getMemberObjects" },
      },
    });

    expect(alice).toMatchObject({ groups: [], enters: false });
    expect(alice.identity.areGroupsLeftOut).toBe(true);
    expect(alice.lines).toContain(
      'warn claim left out {"provider":"app","warning":"claim \\"groups\\": the issuer left the groups out because there are too many of them (groups overage); let it send only the groups assigned to the application, or app roles"}',
    );
  });

  const google = {
    azp: "CLIENT-ID",
    sub: "110169484474386276334",
    hd: "company.com",
    email: "alice@company.com",
    email_verified: true,
    at_hash: "x",
    name: "Alice Example",
    picture: "https://lh3.googleusercontent.com/a/x",
    given_name: "Alice",
    family_name: "Example",
  };

  test("Google", async () => {
    expect(await login("google", google)).toMatchObject({
      uid: "110169484474386276334",
      username: "alice@company.com",
      email: "alice@company.com",
      name: "Alice Example",
      groups: [],
      entitlements: [],
      enters: true,
    });
    expect(fake.hits.userinfo).toBe(0);
  });

  test("Google, a personal account with a company's address", async () => {
    const { hd: _, ...personal } = google;
    fake.userinfo = { sub: google.sub };

    expect(await login("google", personal)).toMatchObject({ username: "alice@company.com", enters: false });
    expect(await login("google", { ...google, hd: "evil.test" })).toMatchObject({ enters: false });
  });

  test("Okta, a thin id_token and its userinfo", async () => {
    fake.userinfo = {
      sub: "00uid4BxXw6I6TV4m0g3",
      name: "Alice Example",
      locale: "en-US",
      email: "alice@company.test",
      preferred_username: "alice@company.test",
      zoneinfo: "America/Los_Angeles",
      updated_at: 1311280970,
      email_verified: true,
      groups: ["Everyone", "app-admins"],
    };

    const alice = await login("okta", {
      ver: 1,
      sub: "00uid4BxXw6I6TV4m0g3",
      amr: ["pwd"],
      idp: "00ok1u7AsAkrwdZL3z0g3",
      auth_time: testNow,
      at_hash: "x",
    });

    expect(alice).toMatchObject({
      uid: "00uid4BxXw6I6TV4m0g3",
      username: "alice@company.test",
      email: "alice@company.test",
      name: "Alice Example",
      groups: ["Everyone", "app-admins"],
      enters: true,
    });
    expect(fake.hits.userinfo).toBe(1);
  });

  test("Auth0", async () => {
    const alice = await login("auth0", {
      nickname: "alice",
      name: "alice@company.test",
      picture: "https://s.gravatar.com/avatar/x",
      updated_at: "2026-01-01T00:00:00.000Z",
      email: "alice@company.test",
      email_verified: true,
      sub: "auth0|507f1f77bcf86cd799439020",
      sid: "Gb2dOpnFZ6tVGDhnVv8VsT8FZSnqsP0e",
      "https://company.test/roles": ["admin", "editor"],
    });

    expect(alice).toMatchObject({
      uid: "auth0|507f1f77bcf86cd799439020",
      username: "alice@company.test",
      email: "alice@company.test",
      name: "alice@company.test",
      groups: ["admin", "editor"],
      enters: true,
    });
  });

  test("GitLab", async () => {
    const alice = await login("gitlab", {
      sub: "42",
      auth_time: testNow,
      sub_legacy: "63b2…",
      name: "Alice Example",
      nickname: "alice",
      preferred_username: "alice",
      email: "alice@company.test",
      email_verified: true,
      profile: "https://gitlab.company/alice",
      picture: "https://gitlab.company/uploads/alice.png",
      groups_direct: ["company", "company/ops"],
    });

    expect(alice).toMatchObject({
      uid: "42",
      username: "alice",
      email: "alice@company.test",
      name: "Alice Example",
      groups: ["company", "company/ops"],
      enters: true,
    });
  });

  test("GitLab of before, whose id_token has no user name", async () => {
    fake.userinfo = { sub: "42", name: "Alice Example", preferred_username: "alice", groups: ["company"] };

    const alice = await login("gitlab", { sub: "42", sub_legacy: "63b2…", groups_direct: [] });

    expect(alice).toMatchObject({ username: "alice", name: "Alice Example", groups: [], enters: false });
  });

  test("Dex", async () => {
    const alice = await login("dex", {
      sub: "CgcyMzQyNzQ5EgZnaXRodWI",
      at_hash: "bi96gOXZShvlWYtal9Eqiw",
      email: "alice@company.test",
      email_verified: true,
      groups: ["company:ops", "company:dev"],
      name: "Alice Example",
      federated_claims: { connector_id: "github", user_id: "2342749" },
    });

    expect(alice).toMatchObject({
      uid: "CgcyMzQyNzQ5EgZnaXRodWI",
      username: "alice@company.test",
      email: "alice@company.test",
      name: "Alice Example",
      groups: ["company:ops", "company:dev"],
      enters: true,
    });
  });

  test("Zitadel, whose roles are an object", async () => {
    const alice = await login("zitadel", {
      amr: ["pwd"],
      auth_time: testNow,
      azp: "CLIENT-ID",
      client_id: "akproxy",
      sid: "V1_260000000000000000",
      sub: "163840776835432345",
      name: "Alice Example",
      given_name: "Alice",
      family_name: "Example",
      locale: "en",
      preferred_username: "alice@acme.zitadel.cloud",
      email: "alice@company.test",
      email_verified: true,
      "urn:zitadel:iam:org:project:roles": {
        admin: { "163840776835432705": "acme.zitadel.cloud" },
        reader: { "163840776835432705": "acme.zitadel.cloud" },
      },
    });

    expect(alice).toMatchObject({
      uid: "163840776835432345",
      username: "alice@acme.zitadel.cloud",
      email: "alice@company.test",
      name: "Alice Example",
      groups: ["admin", "reader"],
      enters: true,
    });
  });

  test("Authelia, whose id_token says nothing", async () => {
    fake.userinfo = {
      sub: "8b0c1f8a-6f5d-4e1c-9f0a-1d2c3b4a5f60",
      preferred_username: "alice",
      name: "Alice Example",
      email: "alice@company.test",
      email_verified: true,
      alt_emails: [],
      groups: ["admins", "dev"],
      updated_at: testNow,
      rat: testNow,
    };

    const alice = await login("authelia", {
      sub: "8b0c1f8a-6f5d-4e1c-9f0a-1d2c3b4a5f60",
      amr: ["pwd", "otp", "mfa"],
      auth_time: testNow,
      azp: "akproxy",
      client_id: "akproxy",
      jti: "x",
    });

    expect(alice).toMatchObject({
      uid: "8b0c1f8a-6f5d-4e1c-9f0a-1d2c3b4a5f60",
      username: "alice",
      email: "alice@company.test",
      name: "Alice Example",
      groups: ["admins", "dev"],
      enters: true,
    });
  });
});

test("every issuer's page has a redirect URI, a claims table and one config without a problem", async () => {
  const pages = [...new Bun.Glob("*.md").scanSync("docs/issuers")].sort();

  expect(pages).toEqual(
    ["auth0", "authelia", "authentik", "dex", "entra", "gitlab", "google", "keycloak", "okta", "zitadel"].map(
      (page) => `${page}.md`,
    ),
  );
  for (const page of pages) {
    const text = await Bun.file(`docs/issuers/${page}`).text();
    expect(text).toContain("/outpost.goauthentik.io/callback?X-authentik-auth-callback=true");
    expect(text.match(/^\| X-authentik-/gm)?.length ?? 0).toBeGreaterThanOrEqual(5);
    expect((await documented(page.replace(".md", ""))).slug).toBe("app");
  }
});
