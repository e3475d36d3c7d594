import { afterAll, expect, test } from "bun:test";
import { examineIssuer } from "../../src/doctor/issuer.ts";
import { byName, checkedWorld, proxyProvider, worldOf } from "./checks.ts";

const { checksOf, configOf, end, fake } = checkedWorld();
afterAll(end);

/** The checks of the fake issuer alone, with what they found out. */
async function examined() {
  const [provider] = (await configOf({})).providers;
  if (provider === undefined) throw new Error("the config has a provider");
  const { section, ...facts } = await examineIssuer(provider.oidc, worldOf());
  return { ...facts, title: section.title, checks: byName(section.checks) };
}

test.each([
  [10, "ok", "10 s ahead of the issuer"],
  [-20, "ok", "20 s behind the issuer"],
  [45, "warn", "45 s ahead of the issuer"],
  [90, "fail", "90 s ahead of the issuer: akproxy refuses its tokens"],
  [-90, "fail", "90 s behind the issuer: akproxy refuses its tokens"],
])("a clock that is %d s ahead of the issuer is %s", async (aheadSeconds, standing, text) => {
  // with a Date of its own: that of Bun.serve may be seconds old on a busy machine
  const now = () => ({ headers: { date: new Date().toUTCString() } });
  fake.answers.discovery = () => Response.json({ issuer: fake.issuer }, now());
  const { clock } = await checksOf({ aheadSeconds });
  delete fake.answers.discovery;

  expect(clock?.standing).toBe(standing as never); // as: a row of the table has a text
  const seconds = Number(/\d+/.exec(clock?.text ?? "")?.[0]);
  expect(Math.abs(seconds - Math.abs(aheadSeconds))).toBeLessThanOrEqual(1);
  expect(clock?.text.replace(/\d+/, String(Math.abs(aheadSeconds)))).toBe(text);
});

test("an issuer that does not answer is reported within the time of a check", async () => {
  const silent = Bun.listen({ port: 0, hostname: "127.0.0.1", socket: { data() {} } });
  const from = performance.now();

  const { discovery } = await checksOf({
    oidc: "",
    timeoutMilliseconds: 300,
    provider: `${proxyProvider}\nissuer = "http://127.0.0.1:${silent.port}"`,
  });
  silent.stop(true);

  expect(discovery).toMatchObject({ standing: "fail", cause: "unreachable" });
  expect(discovery?.text).toContain("did not answer within 0.3 s");
  expect(performance.now() - from).toBeLessThan(2000);
});

test("a page, and any status but 200, is not a discovery document", async () => {
  fake.answers.discovery = () => new Response("<html>", { headers: { "content-type": "text/html" } });
  const { discovery } = await checksOf({});
  fake.answers.discovery = () => new Response("no", { status: 404 });
  const absent = await checksOf({});
  delete fake.answers.discovery;

  expect([discovery?.standing, discovery?.cause]).toEqual(["fail", null]);
  expect(absent["discovery"]?.text).toContain("/.well-known/openid-configuration answered 404");
});

test("a missing token endpoint is reported by its name", async () => {
  const { endpoints } = await checksOf({ metadata: { token_endpoint: undefined } });

  expect(endpoints).toMatchObject({ standing: "fail", text: 'its discovery document has no "token_endpoint"' });
});

test("an issuer without a signing key fails", async () => {
  const { keys } = await checksOf({ keys: [] });

  expect(keys).toMatchObject({ standing: "fail" });
  expect(keys?.text).toContain("/jwks has no signing key");
});

test("a control character in a discovery document does not reach the terminal", async () => {
  const { "same issuer": same } = await checksOf({ metadata: { issuer: "https://x\u001b[2J/" } });

  expect(same?.standing).toBe("fail");
  expect(same?.text).not.toContain("\u001b");
});

test("an issuer that is fine yields its metadata, keys and kinds of logout", async () => {
  fake.metadata = { backchannel_logout_supported: true, end_session_endpoint: `${fake.issuer}/end` };
  const { checks, keys, logout, metadata, title } = await examined();
  fake.metadata = {};

  expect(title).toBe(`issuer ${fake.issuer}`);
  expect(Object.values(checks).map(({ name, standing }) => `${name}: ${standing}`)).toEqual([
    "discovery: ok",
    "same issuer: ok",
    "endpoints: ok",
    "keys: ok",
    "clock: ok",
    "sign-out: ok",
  ]);
  expect(metadata?.issuer).toBe(fake.issuer);
  expect(keys).toEqual([{ type: "EC", curve: "P-256" }]);
  expect(logout).toEqual({ backchannel: true, frontchannel: false });
});

test.each([
  [
    "another issuer",
    { issuer: "https://other.test/" },
    'if that is your issuer, set issuer = "https://other.test/", byte for byte',
  ],
  ["no issuer", { issuer: undefined }, "check that issuer is the right URL"],
  ["an issuer that is not a text", { issuer: 7 }, "check that issuer is the right URL"],
])("a discovery document that names %s fails, and its other checks are left out", async (_name, metadata, fix) => {
  fake.metadata = metadata;
  const { checks, keys, metadata: usable } = await examined();
  fake.metadata = {};

  expect(checks["same issuer"]).toMatchObject({ standing: "fail", fix });
  expect(Object.keys(checks)).toEqual(["discovery", "same issuer", "clock"]);
  expect([usable, keys]).toEqual([null, []]);
});

test.each([
  [["S256"], "ok"],
  [["plain"], "warn"],
  [undefined, "ok"],
])("PKCE methods %j are %s", async (methods, standing) => {
  const { endpoints } = await checksOf({ metadata: { code_challenge_methods_supported: methods } });

  expect(endpoints?.standing).toBe(standing as never); // as: a row of the table has a text
});

test.each<[string, () => Response, string, string]>([
  ["a list", () => Response.json([]), "fail", "did not return a JSON object"],
  ["null", () => Response.json(null), "fail", "did not return a JSON object"],
  ["a redirect", () => new Response("", { status: 302, headers: { location: "/" } }), "fail", "answered 302"],
])("a discovery document that is %s fails", async (_name, answer, standing, text) => {
  fake.answers.discovery = answer;
  const { discovery } = await checksOf({});
  delete fake.answers.discovery;

  expect(discovery?.standing).toBe(standing as never); // as: a row of the table has a text
  expect(discovery?.text).toContain(text);
});

test.each<[string, readonly Readonly<Record<string, unknown>>[], string, string]>([
  ["RSA and Ed25519", [{ kty: "RSA" }, { kty: "OKP", crv: "Ed25519", use: "sig" }], "ok", "RSA, OKP Ed25519"],
  ["an encryption key only", [{ kty: "RSA", use: "enc" }], "fail", "has no signing key"],
  ["a secret key only", [{ kty: "oct" }], "fail", "has no signing key"],
])("signing keys: %s", async (_name, listed, standing, text) => {
  const { keys } = await checksOf({ keys: listed });

  expect(keys?.standing).toBe(standing as never); // as: a row of the table has a text
  expect(keys?.text).toEndWith(text);
});

test("keys that cannot be fetched fail with the status, and an issuer without jwks_uri is unknown", async () => {
  fake.answers.jwks = () => new Response("", { status: 404 });
  const absent = await checksOf({});
  fake.answers.jwks = () => new Response("", { status: 500 });
  const broken = await checksOf({});
  delete fake.answers.jwks;
  const without = await checksOf({ metadata: { jwks_uri: undefined } });

  expect(absent["keys"]).toMatchObject({ standing: "fail", text: `${fake.issuer}/jwks answered 404`, cause: null });
  expect(broken["keys"]).toMatchObject({ standing: "fail", cause: "unreachable" });
  expect(without["keys"]?.standing).toBe("unknown");
});

test("an issuer without a Date header leaves the clock unknown", async () => {
  fake.answers.discovery = () => Response.json({ issuer: fake.issuer }, { headers: { date: "yesterday" } });
  const { clock } = await checksOf({});
  delete fake.answers.discovery;

  expect(clock).toMatchObject({ standing: "unknown", text: "the issuer sends no Date header" });
});
