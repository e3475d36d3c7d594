import { expect, test } from "bun:test";
import { type DemoFacts, demoConfigText, demoUrl, loopbackAddress } from "../../src/cli/demo/demo-config.ts";
import { demoText } from "../../src/cli/demo/demo-text.ts";
import { parseConfigText } from "../../src/config/load.ts";

const facts: DemoFacts = {
  hostname: "127.0.0.1",
  port: 9000,
  issuer: "http://127.0.0.1:4001",
  application: "http://127.0.0.1:4002",
  clientSecret: "client-secret-$HOME-of-the-demo",
  outpostSecret: "outpost-secret-$$HOME$-of-the-demo-long-enough",
  stateDir: '/var/tmp/a "strange" $place',
  logLevel: "warn",
};

test.each(["127.0.0.1", "::1", "127.0.0.2"])(
  "the demo's config at %s has no problem, and listens there alone",
  async (hostname) => {
    const { config, problems } = await parseConfigText(demoConfigText({ ...facts, hostname }), {
      file: "demo.toml",
      env: { HOME: "/root" },
    });

    expect(problems).toEqual([]);
    expect(config?.listen).toEqual({ http: { kind: "tcp", hostname, port: 9000 }, https: null, metrics: null });
    expect(config?.sessions).toEqual({ kind: "memory" });
  },
);

test("the demo's config has the values of its start, with dollars and quotes intact", async () => {
  const { config } = await parseConfigText(demoConfigText(facts), { file: "demo.toml", env: { HOME: "/root" } });

  const [provider, ...others] = config?.providers ?? [];
  expect(others).toEqual([]);
  expect(config?.secrets).toEqual(["outpost-secret-$$HOME$-of-the-demo-long-enough"]);
  expect(config?.stateDir).toBe('/var/tmp/a "strange" $place');
  expect(provider?.mode).toBe("proxy");
  expect(provider?.externalHost.href).toBe("http://localhost:9000/");
  expect(provider?.oidc.clientSecret).toBe("client-secret-$HOME-of-the-demo");
  expect(provider?.oidc.issuer).toBe("http://127.0.0.1:4001");
});

test.each([
  ["localhost", "127.0.0.1"],
  ["LOCALHOST", "127.0.0.1"],
  ["127.0.0.1", "127.0.0.1"],
  ["127.255.0.9", "127.255.0.9"],
  ["::1", "::1"],
  ["[::1]", "::1"],
])("%s is loopback: %s", (host, address) => {
  expect(loopbackAddress(host)).toBe(address);
});

test.each([
  "0.0.0.0",
  "::",
  "[::]",
  "",
  "*",
  "192.168.1.2",
  "127.0.0.256",
  "127.1",
  "127.0.0.01",
  "2130706433",
  "::ffff:127.0.0.1",
  "localhost.example.com",
  "127.0.0.1.example.com",
  "127.0.0.1:80",
  "unix:/run/x.sock",
  " 127.0.0.1",
])("%p is not loopback", (host) => {
  expect(loopbackAddress(host)).toBeNull();
});

test.each([
  ["127.0.0.1", "http://localhost:9000"],
  ["::1", "http://localhost:9000"],
  ["127.0.0.2", "http://127.0.0.2:9000"],
])("at %s the browser opens %s", (hostname, url) => {
  expect(demoUrl({ hostname, port: 9000 })).toBe(url);
});

test("the demo prints the URL and the users, and no secret", () => {
  const text = demoText(facts);

  expect(text).toContain("http://localhost:9000/\n");
  expect(text).toContain("alice");
  expect(text).toContain("bob");
  expect(text).not.toContain("secret");
});
