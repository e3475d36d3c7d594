import { afterAll, expect, test } from "bun:test";
import { checkedWorld, proxyProvider } from "./checks.ts";

const { checksOf, end, fake } = checkedWorld();
afterAll(end);

const off = 'http = "127.0.0.1:0"\nhttps = ""\nmetrics = ""';

test("an issuer whose keys fit none of its algorithms fails", async () => {
  const { keys, signing } = await checksOf({ metadata: { id_token_signing_alg_values_supported: ["RS256"] } });

  expect(keys).toMatchObject({ standing: "ok", text: "EC P-256" });
  expect(signing).toMatchObject({
    standing: "fail",
    text: "the issuer advertises RS256 and has no key for any of them",
  });
});

test("an issuer with HS256 only is verified by a long client secret", async () => {
  const { signing } = await checksOf({ metadata: { id_token_signing_alg_values_supported: ["HS256"] } });

  expect(signing).toMatchObject({ standing: "ok", text: "HS256" });
});

test("a scope that the issuer does not advertise is a warning, except authentik's own two", async () => {
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

test("the supported kind of logout is shown with the URL to register", async () => {
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

test("in the forward modes no trusted proxy is a failure, and every address a warning", async () => {
  const provider = 'mode = "forward_single"\nexternal_host = "https://app.test"';
  const nobody = await checksOf({ provider, listen: `${off}\ntrusted_proxies = []` });
  const everyone = await checksOf({
    provider,
    listen: `${off}\ntrusted_proxies = ["0.0.0.0/0"]\ndanger_trust_any_proxy = true`,
  });

  expect(nobody["trust"]?.standing).toBe("fail");
  expect(everyone["trust"]?.standing).toBe("warn");
});

test("the addresses that may ask for verdicts are listed", async () => {
  const provider = 'mode = "forward_single"\nexternal_host = "https://app.test"';

  const { trust } = await checksOf({ provider, listen: `${off}\ntrusted_proxies = ["10.0.0.0/8", "::1/128"]` });

  expect(trust).toMatchObject({ standing: "ok", text: "verdict requests may come from 10.0.0.0/8, ::1/128" });
});

test("in proxy mode no check speaks of trusted proxies", async () => {
  expect((await checksOf({}))["trust"]).toBeUndefined();
});

test.each([
  ["https", proxyProvider, "__Host-akproxy_app for app.test only"],
  [
    "http",
    proxyProvider.replace("https://app.test", "http://app.localhost"),
    "akproxy_app for app.localhost only, without Secure",
  ],
  [
    "a domain",
    'mode = "forward_domain"\nexternal_host = "https://auth.corp.test"\ncookie_domain = "corp.test"',
    "__Secure-akproxy_app for every host under corp.test",
  ],
])("the cookie of %s is shown with its name and hosts", async (_name, provider, text) => {
  expect((await checksOf({ provider }))["cookie"]).toMatchObject({ standing: "ok", text });
});

test("an issuer that is not usable leaves one line of the checks that need it", async () => {
  const checks = await checksOf({ metadata: { token_endpoint: undefined } });

  expect(checks["issuer"]).toMatchObject({ standing: "unknown" });
  for (const name of ["redirect URI", "scopes", "signing", "logout"]) expect(checks[name]).toBeUndefined();
  expect(checks["cookie"]?.standing).toBe("ok");
});

test.each<[string, Readonly<Record<string, string>>, string]>([
  ["RS256", { kty: "RSA" }, "ok"],
  ["PS512", { kty: "RSA" }, "ok"],
  ["RS256", { kty: "EC", crv: "P-256" }, "fail"],
  ["ES256", { kty: "EC", crv: "P-256" }, "ok"],
  ["ES384", { kty: "EC", crv: "P-256" }, "fail"],
  ["ES512", { kty: "EC", crv: "P-521" }, "ok"],
  ["EdDSA", { kty: "OKP", crv: "Ed25519" }, "ok"],
  ["EdDSA", { kty: "OKP", crv: "Ed448" }, "fail"],
])("%s with the key %j is %s", async (algorithm, key, standing) => {
  const { signing } = await checksOf({
    metadata: { id_token_signing_alg_values_supported: [algorithm] },
    keys: [{ ...key, use: "sig" }],
  });

  expect(signing?.standing).toBe(standing as never); // as: a row of the table has a text
});
