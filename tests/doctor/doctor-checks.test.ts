import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfigText } from "../../src/config/load.ts";
import { certificateSection } from "../../src/doctor/certificates.ts";
import type { Check } from "../../src/doctor/check.ts";
import { diagnose } from "../../src/doctor/doctor.ts";
import { judgedAnswer } from "../../src/doctor/redirect.ts";
import { openKeys } from "../../src/seal/keys.ts";
import { openSessions } from "../../src/sessions/open.ts";
import { makeSelfSigned } from "../../src/tls/self-signed.ts";
import { sessionOf } from "../contract/session-store.ts";
import { type FakeIssuer, startFakeIssuer } from "../fakes/idp.ts";

const root = mkdtempSync(join(tmpdir(), "akproxy-checks-"));
let fake: FakeIssuer;
beforeAll(() => {
  fake = startFakeIssuer();
});
afterAll(async () => {
  await fake.stop();
  rmSync(root, { recursive: true });
});

interface Wishes {
  readonly top?: string;
  readonly listen?: string;
  readonly oidc?: string;
  readonly provider?: string;
  readonly metadata?: FakeIssuer["metadata"];
  readonly keys?: FakeIssuer["keys"];
  readonly aheadSeconds?: number;
  readonly timeoutMilliseconds?: number;
}

const application = 'mode = "proxy"\nexternal_host = "https://app.test"\ninternal_host = "http://127.0.0.1:1"';

/** Every check of a config, by name. */
async function checksOf(wishes: Wishes): Promise<Readonly<Record<string, Check>>> {
  const folder = mkdtempSync(join(root, "state-"));
  const text = `
${wishes.top ?? `state_dir = "${folder}"`}
[listen]
http = "127.0.0.1:0"
https = ""
metrics = ""
${wishes.listen ?? ""}
[oidc]
issuer = "${fake.issuer}"
client_id = "akproxy"
client_secret = "a-client-secret-of-32-characters!!"
${wishes.oidc ?? ""}
[providers.app]
${wishes.provider ?? application}
`;
  const { config, problems } = await parseConfigText(text, { file: join(root, "akproxy.toml"), env: {} });
  if (config === null) throw new Error(JSON.stringify(problems));
  fake.metadata = wishes.metadata ?? {};
  const keys = fake.keys;
  fake.keys = wishes.keys ?? keys;
  const checks: Check[] = [];
  const world = {
    version: "0.0.0-test",
    now: () => Date.now() / 1000 + (wishes.aheadSeconds ?? 0),
    randomBytes: (count: number) => crypto.getRandomValues(new Uint8Array(count)),
    timeoutMilliseconds: wishes.timeoutMilliseconds ?? 2000,
  };
  for await (const section of diagnose(config, config.providers, world)) checks.push(...section.checks);
  fake.keys = keys;
  return Object.fromEntries(checks.map((check) => [check.name, check]));
}

describe("an issuer", () => {
  test.each([
    [10, "ok", "10 s ahead of the issuer's"],
    [-20, "ok", "20 s behind the issuer's"],
    [45, "warn", "45 s ahead of the issuer's"],
    [90, "fail", "90 s ahead of the issuer's: tokens are refused"],
    [-90, "fail", "90 s behind the issuer's: tokens are refused"],
  ])("from whose clock ours differs by %d s is %s", async (aheadSeconds, standing, text) => {
    const { clock } = await checksOf({ aheadSeconds });

    expect(clock?.standing).toBe(standing as never); // as: a row of the table has a text
    const seconds = Number(/\d+/.exec(clock?.text ?? "")?.[0]);
    expect(Math.abs(seconds - Math.abs(aheadSeconds))).toBeLessThanOrEqual(1);
    expect(clock?.text.replace(/\d+/, String(Math.abs(aheadSeconds)))).toBe(text);
  });

  test("that is silent is told within the time of a check", async () => {
    const silent = Bun.listen({ port: 0, hostname: "127.0.0.1", socket: { data() {} } });
    const from = performance.now();

    const { discovery } = await checksOf({
      oidc: "",
      timeoutMilliseconds: 300,
      provider: `${application}\nissuer = "http://127.0.0.1:${silent.port}"`,
    });
    silent.stop(true);

    expect(discovery).toMatchObject({ standing: "fail", cause: "unreachable" });
    expect(discovery?.text).toContain("did not answer within 0.3 s");
    expect(performance.now() - from).toBeLessThan(2000);
  });

  test("that answers with a page is no issuer", async () => {
    fake.answers.discovery = () => new Response("<html>", { headers: { "content-type": "text/html" } });
    const { discovery } = await checksOf({});
    fake.answers.discovery = () => new Response("no", { status: 404 });
    const absent = await checksOf({});
    delete fake.answers.discovery;

    expect([discovery?.standing, discovery?.cause]).toEqual(["fail", null]);
    expect(absent["discovery"]?.text).toContain("/.well-known/openid-configuration answered 404");
  });

  test("without a token endpoint, or with one over plain http, is told by name", async () => {
    const { endpoints } = await checksOf({ metadata: { token_endpoint: undefined } });

    expect(endpoints).toMatchObject({ standing: "fail", text: 'its discovery document has no "token_endpoint"' });
  });

  test("whose keys fit no algorithm that it advertises can't be verified", async () => {
    const { keys, signing } = await checksOf({ metadata: { id_token_signing_alg_values_supported: ["RS256"] } });

    expect(keys).toMatchObject({ standing: "ok", text: "EC P-256" });
    expect(signing).toMatchObject({ standing: "fail", text: "it advertises RS256 and has no key for any of them" });
  });

  test("without a key to sign with is told", async () => {
    const { keys } = await checksOf({ keys: [] });

    expect(keys).toMatchObject({ standing: "fail" });
    expect(keys?.text).toContain("/jwks has no key to sign with");
  });

  test("that offers HS256 alone is verified by a long client secret", async () => {
    const { signing } = await checksOf({ metadata: { id_token_signing_alg_values_supported: ["HS256"] } });

    expect(signing).toMatchObject({ standing: "ok", text: "HS256" });
  });

  test("that does not advertise a scope which somebody asks for is a warning, authentik's own two left out", async () => {
    const fine = await checksOf({ metadata: { scopes_supported: ["openid", "profile", "email"] } });
    const poor = await checksOf({ metadata: { scopes_supported: ["openid", "profile"] } });
    const silent = await checksOf({});

    expect(fine["scopes"]).toMatchObject({
      standing: "ok",
      text: "openid profile email; not advertised: entitlements ak_proxy",
    });
    expect(poor["scopes"]?.standing).toBe("warn");
    expect(silent["scopes"]?.standing).toBe("unknown");
  });

  test("tells of its ways to end a session, with the URL to register", async () => {
    const none = await checksOf({});
    const back = await checksOf({
      metadata: { backchannel_logout_supported: true, end_session_endpoint: `${fake.issuer}/end` },
    });
    const front = await checksOf({ metadata: { frontchannel_logout_supported: true } });

    expect([none["sign-out"]?.standing, none["logout"]?.standing]).toEqual(["warn", "unknown"]);
    expect(back["sign-out"]?.standing).toBe("ok");
    expect(back["logout"]).toMatchObject({
      standing: "ok",
      fix: "register as back-channel logout: https://app.test/outpost.goauthentik.io/backchannel-logout",
    });
    expect(front["logout"]?.fix).toBe(
      "register as front-channel logout: https://app.test/outpost.goauthentik.io/frontchannel-logout",
    );
  });

  test("a name in its document can't steer the terminal", async () => {
    const { "same issuer": same } = await checksOf({ metadata: { issuer: "https://x\u001b[2J/" } });

    expect(same?.standing).toBe("fail");
    expect(same?.text).not.toContain("\u001b");
  });
});

describe("an authorization endpoint's answer", () => {
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

  test("what is not registered is told with the URI to register, whole", () => {
    const check = judgedAnswer({ status: 400, location: null, body: "redirect_uri_mismatch" }, uri);

    expect(check.fix).toBe(`register it there: ${uri}`);
  });
});

describe("certificates", () => {
  const now = Math.floor(Date.now() / 1000);

  function certified(
    name: string,
    made: { readonly names: readonly string[]; readonly days: number; readonly at: number },
  ) {
    const { certificatePem, keyPem } = makeSelfSigned({ names: made.names, days: made.days, now: made.at });
    writeFileSync(join(root, `${name}.crt`), certificatePem);
    writeFileSync(join(root, `${name}.key`), keyPem, { mode: 0o600 });
    return `certificate_file = "${name}.crt"\nkey_file = "${name}.key"`;
  }

  test.each([
    ["lasts", 90, now, "ok", /^of \[tls\]: good until \d{4}-\d\d-\d\d, 90 days$/],
    ["ends soon", 20, now, "warn", /, 20 days$/],
    ["has ended", 10, now - 20 * 86_400, "fail", /expired on/],
    ["begins later", 10, now + 5 * 86_400, "fail", /not valid before/],
  ])("one that %s", async (name, days, at, standing, text) => {
    const tls = certified(name.replace(" ", "-"), { names: ["app.test"], days, at });

    const { expiry } = await certificateChecks(tls);

    expect(expiry?.standing).toBe(standing as never); // as: a row of the table has a text
    expect(expiry?.text).toMatch(text);
  });

  async function certificateChecks(tls: string, provider = application): Promise<Readonly<Record<string, Check>>> {
    const text = `
state_dir = "${root}"
[tls]
${tls}
[listen]
http = ""
https = "127.0.0.1:0"
metrics = ""
[oidc]
issuer = "https://idp.test/"
client_id = "akproxy"
[providers.app]
${provider}
`;
    const { config, problems } = await parseConfigText(text, { file: join(root, "akproxy.toml"), env: {} });
    if (config === null) throw new Error(JSON.stringify(problems));
    const world = { version: "", now: () => now, randomBytes: () => new Uint8Array(), timeoutMilliseconds: 1 };
    return Object.fromEntries(
      certificateSection(config, config.providers, world).checks.map((each) => [each.name, each]),
    );
  }

  test("that lacks the external host is a warning when it is everybody's, a failure when it is the provider's own", async () => {
    const shared = await certificateChecks(certified("other", { names: ["other.test"], days: 90, at: now }));
    const own = await certificateChecks(
      'certificate_file = ""',
      `${application}\n${certified("own", { names: ["other.test"], days: 90, at: now })}`,
    );

    expect(shared["names"]).toMatchObject({ standing: "warn", text: "of [tls]: lacks app.test" });
    expect(own["names"]).toMatchObject({ standing: "fail", text: "of app: lacks app.test" });
  });
});

describe("an application", () => {
  const upstream = (host: string, more = "") =>
    `mode = "proxy"\nexternal_host = "https://app.test"\ninternal_host = "${host}"\n${more}`;
  const made = makeSelfSigned({ names: ["inner.test"], days: 90, now: Math.floor(Date.now() / 1000) });
  const secure = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    tls: { cert: made.certificatePem, key: made.keyPem },
    fetch: (request) => new Response(request.headers.get("host")),
  });
  writeFileSync(join(root, "ca.pem"), made.certificatePem);
  const origin = `https://127.0.0.1:${secure.port}`;
  afterAll(() => secure.stop(true));

  test("whose certificate is not believed is a failure that names the key to set", async () => {
    const { upstream: check } = await checksOf({ provider: upstream(origin) });

    expect(check).toMatchObject({
      standing: "fail",
      cause: "unreachable",
      fix: "name its authority in internal_host_ca_file",
    });
  });

  test("whose certificate is of another name is one that names internal_host_server_name", async () => {
    const { upstream: check } = await checksOf({ provider: upstream(origin, 'internal_host_ca_file = "ca.pem"') });

    expect(check).toMatchObject({ standing: "fail", text: `${origin}: its certificate is of another name` });
  });

  test("that is verified by both is fine, and one that is not verified at all a warning", async () => {
    const both = 'internal_host_ca_file = "ca.pem"\ninternal_host_server_name = "inner.test"';
    const verified = await checksOf({ provider: upstream(origin, both) });
    const off = await checksOf({ provider: upstream(origin, "internal_host_ssl_validation = false") });

    expect([verified["upstream"]?.standing, verified["upstream TLS"]?.standing]).toEqual(["ok", "ok"]);
    expect([off["upstream"]?.standing, off["upstream TLS"]?.standing]).toEqual(["ok", "warn"]);
  });

  test("that speaks TLS where http:// is written is told so", async () => {
    const { upstream: check } = await checksOf({ provider: upstream(`http://127.0.0.1:${secure.port}`) });

    expect(check?.standing).toBe("fail");
    expect(check?.fix).toContain("https://");
  });

  test("that speaks no TLS where https:// is written is told so", async () => {
    const plain = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("hello") });

    const { upstream: check } = await checksOf({ provider: upstream(`https://127.0.0.1:${plain.port}`) });
    await plain.stop(true);

    expect(check).toMatchObject({ standing: "fail", fix: "see whether internal_host should be http://" });
  });

  test("that answers 502 is a warning, one that is silent not waited for", async () => {
    const broken = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("", { status: 502 }) });
    const silent = Bun.listen({ port: 0, hostname: "127.0.0.1", socket: { data() {} } });

    const bad = await checksOf({ provider: upstream(`http://127.0.0.1:${broken.port}`) });
    const late = await checksOf({
      provider: upstream(`http://127.0.0.1:${silent.port}`),
      timeoutMilliseconds: 300,
    });
    await broken.stop(true);
    silent.stop(true);

    expect(bad["upstream"]?.standing).toBe("warn");
    expect(late["upstream"]).toMatchObject({ standing: "fail", cause: "unreachable" });
  });
});

describe("the state directory", () => {
  test("with a secret that others may read is a warning with the command to close it", async () => {
    const folder = mkdtempSync(join(root, "open-"));
    writeFileSync(join(folder, "secret.key"), "a secret of more than thirty-two characters\n", { mode: 0o644 });

    const open = await checksOf({ top: `state_dir = "${folder}"` });
    chmodSync(join(folder, "secret.key"), 0o600);
    const closed = await checksOf({ top: `state_dir = "${folder}"` });

    expect(open["secret"]).toMatchObject({ standing: "warn", fix: `run: chmod 600 ${join(folder, "secret.key")}` });
    expect(closed["secret"]?.standing).toBe("ok");
  });

  test("that is a symbolic link, or that everybody may write to, is a failure", async () => {
    const [real, link, wide] = [join(root, "real"), join(root, "link"), join(root, "wide")];
    mkdirSync(real);
    symlinkSync(real, link);
    mkdirSync(wide);
    chmodSync(wide, 0o777);

    const linked = await checksOf({ top: `state_dir = "${link}"` });
    const writable = await checksOf({ top: `state_dir = "${wide}"` });

    expect(linked["state_dir"]?.text).toContain("is a symbolic link");
    expect(writable["state_dir"]?.text).toContain("is writable by everybody");
  });

  test("with a store that nobody has open is left as it is", async () => {
    const folder = mkdtempSync(join(root, "closed-"));
    const keys = openKeys(["a secret of more than thirty-two characters"]);
    const deps = {
      keys,
      now: () => 1000,
      randomBytes: (count: number) => crypto.getRandomValues(new Uint8Array(count)),
    };
    const made = await openSessions({ kind: "sqlite", file: join(folder, "sessions.sqlite") }, deps);
    await made.create(sessionOf());
    await made.close();

    const { store } = await checksOf({ top: `state_dir = "${folder}"` });

    expect(store).toMatchObject({ standing: "ok", text: `${join(folder, "sessions.sqlite")}, not in use` });
    expect(readdirSync(folder)).toEqual(["sessions.sqlite"]);
  });

  test("with a store that is no database is a failure that names the file", async () => {
    const folder = mkdtempSync(join(root, "store-"));
    writeFileSync(
      join(folder, "sessions.sqlite"),
      "no database, and longer than a page's header of a hundred bytes ".repeat(4),
    );

    const { store } = await checksOf({ top: `state_dir = "${folder}"` });

    expect(store?.standing).toBe("fail");
    expect(store?.text).toContain(join(folder, "sessions.sqlite"));
  });
});

test("in the forward modes nobody who is trusted is a failure, anybody a warning", async () => {
  const provider = 'mode = "forward_single"\nexternal_host = "https://app.test"';
  const nobody = await checksOf({ provider, listen: "trusted_proxies = []" });
  const anybody = await checksOf({
    provider,
    listen: 'trusted_proxies = ["0.0.0.0/0"]\ndanger_trust_any_proxy = true',
  });

  expect(nobody["trust"]?.standing).toBe("fail");
  expect(anybody["trust"]?.standing).toBe("warn");
});
