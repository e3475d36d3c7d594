import { afterAll, describe, expect, test } from "bun:test";
import { parseConfigText } from "../../src/config/load.ts";
import { makeSelfSigned } from "../../src/tls/self-signed.ts";
import { header } from "../fakes/raw-client.ts";
import { startRecordingUpstream } from "../fakes/upstream.ts";
import type { StackOptions } from "../journeys/stack.ts";
import { type Ask, startGuardedApp } from "./guarded-app.ts";

const tls = makeSelfSigned({ names: ["127.0.0.1"], days: 1, now: Math.floor(Date.now() / 1000) });
const secure = await startRecordingUpstream(() => ({}), { tls });
afterAll(() => secure.stop());

/** Each switch of a provider, both ways: the answer to a request, or the request that the upstream receives. */
async function observed(options: StackOptions, target: string, more: Ask) {
  const app = await startGuardedApp(options);
  const { answer, seen } = await app.pass(target, more);
  await app.stop();
  return { answer, seen };
}

const users = {
  alice: {
    preferred_username: "alice",
    email: "alice@example.test",
    groups: ["staff"],
  },
};

describe("CFG-03: each switch has its documented effect, on and off", () => {
  test.each([
    ["true", 401],
    ["false", 302],
  ])("intercept_header_auth = %s: a credential that is not good is %d", async (value, status) => {
    const provider = `intercept_header_auth = ${value}`;
    const { answer, seen } = await observed({ provider }, "/x", { headers: [["Authorization", "Bearer x"]] });

    expect(answer.status).toBe(status);
    expect(seen).toBeNull();
  });

  test.each(["true", "false"])(
    "intercept_header_auth = %s: on a public path a credential goes to the application untouched",
    async (value) => {
      const provider = `intercept_header_auth = ${value}\nskip_path_regex = "^/public"`;
      const { seen } = await observed({ provider }, "/public", { headers: [["Authorization", "Bearer x"]] });

      expect(seen === null ? "none" : header(seen, "authorization")).toBe("Bearer x");
    },
  );

  test.each([
    ["1/1m", [401, 429]],
    ["", [401, 401]],
  ])("limits.failed_credentials = %j: two bad credentials are %j", async (value, statuses) => {
    const app = await startGuardedApp({ top: `[limits]\nfailed_credentials = "${value}"` });

    const first = await app.ask("/x", { headers: [["Authorization", "Bearer x"]] });
    const second = await app.ask("/x", { headers: [["Authorization", "Bearer y"]] });
    await app.stop();

    expect([first.status, second.status]).toEqual(statuses);
  });

  test.each([
    ["true", 3],
    ["false", 1],
  ])("send_jwt = %s: X-authentik-jwt has %d parts", async (value, parts) => {
    const { seen } = await observed({ provider: `send_jwt = ${value}` }, "/x", { as: "alice" });

    expect((seen === null ? "none" : header(seen, "x-authentik-jwt")).split(".")).toHaveLength(parts);
  });

  test.each([
    ["true", 502],
    ["false", 200],
  ])("UPS-11: internal_host_ssl_validation = %s: a self-signed upstream is %d", async (value, status) => {
    const { answer } = await observed(
      { internalHost: secure.origin, provider: `internal_host_ssl_validation = ${value}` },
      "/x",
      { as: "alice" },
    );

    expect(answer.status).toBe(status);
  });

  test.each([
    ['["127.0.0.1"]', 200],
    ['["192.0.2.1"]', 400],
    ["[]", 400],
  ])("trusted_proxies = %s: a host by X-Forwarded-Host alone is %d", async (value, status) => {
    const { answer } = await observed(
      { listen: `trusted_proxies = ${value}`, provider: 'skip_path_regex = ["^/public"]' },
      "/public",
      { host: "inner.test", headers: [["X-Forwarded-Host", "app.test"]] },
    );

    expect(answer.status).toBe(status);
  });

  test.each([
    ['groups = ["staff"]', 200],
    ['groups = ["ops"]', 403],
    ['email_domains = ["example.test"]', 200],
    [`email_domains = ["\${UNSET:-}"]`, 403],
    ["groups = []", 403],
  ])("allow with %s: alice is answered %d", async (allow, status) => {
    const { answer } = await observed({ users, provider: `[providers.app.allow]\n${allow}` }, "/x", { as: "alice" });

    expect(answer.status).toBe(status);
  });

  test.each([
    ['skip_path_regex = ["^/public"]', 200],
    ['skip_path_regex = ["^/public"]\nprotect_path_regex = ["^/pub"]', 302],
    ['protect_path_regex = ["^/other"]', 302],
    ['skip_path_regex = ""', 302],
    ["skip_path_regex = []", 302],
    ['skip_path_regex = "\\n\\n"', 302],
  ])("with %j an anonymous /public is %d", async (provider, status) => {
    expect((await observed({ provider }, "/public", {})).answer.status).toBe(status);
  });
});

describe("CFG-03, CFG-09: the switches with long names", () => {
  const problems = async (listen: string, oidc: string) => {
    const text = `[listen]\n${listen}\n[oidc]\nclient_id = "x"\n${oidc}\n[providers.app]\nmode = "proxy"\nexternal_host = "https://app.test"\ninternal_host = "http://127.0.0.1:1"\n`;
    const { config, problems: all } = await parseConfigText(text, { file: "/akproxy.toml", env: {} });
    return { isUsable: config !== null, severities: all.map(({ severity }) => severity) };
  };
  const https = 'issuer = "https://idp.test/"';

  test.each([
    ['trusted_proxies = ["0.0.0.0/0"]', false],
    ['trusted_proxies = ["::/0"]', false],
    ['trusted_proxies = ["0.0.0.0/0"]\ndanger_trust_any_proxy = false', false],
    ['trusted_proxies = ["0.0.0.0/0"]\ndanger_trust_any_proxy = true', true],
    ['trusted_proxies = ["10.0.0.0/8"]', true],
  ])("%j is usable: %p", async (listen, isUsable) => {
    expect((await problems(listen, https)).isUsable).toBe(isUsable);
  });

  test.each([
    ['issuer = "http://idp.test/"', false],
    ['issuer = "http://idp.test/"\ndanger_allow_http_issuer = false', false],
    ['issuer = "http://idp.test/"\ndanger_allow_http_issuer = true', true],
    ['issuer = "http://127.0.0.1:9/"', true],
  ])("%j is usable: %p", async (oidc, isUsable) => {
    expect((await problems("", oidc)).isUsable).toBe(isUsable);
  });

  test("each of them warns when it is on", async () => {
    const any = await problems('trusted_proxies = ["0.0.0.0/0"]\ndanger_trust_any_proxy = true', https);
    const http = await problems("", 'issuer = "http://idp.test/"\ndanger_allow_http_issuer = true');

    expect(any.severities).toContain("warning");
    expect(http.severities).toContain("warning");
  });

  test.each([
    ["http://app.test", true],
    ["https://app.test", false],
    ["http://127.0.0.1:9000", false],
    ["http://localhost", false],
  ])("CK-07, decision 32: external_host %s is usable, and warned about: %p", async (externalHost, isWarned) => {
    const text = `[oidc]\nclient_id = "x"\n${https}\n[providers.app]\nmode = "proxy"\nexternal_host = "${externalHost}"\ninternal_host = "http://127.0.0.1:1"\n`;
    const { config, problems: all } = await parseConfigText(text, { file: "/akproxy.toml", env: {} });

    expect(config).not.toBeNull();
    expect(all.some(({ path }) => path.endsWith("external_host"))).toBe(isWarned);
  });
});
