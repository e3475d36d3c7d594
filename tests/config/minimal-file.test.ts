import { expect, test } from "bun:test";
import { parseConfigText } from "../../src/config/load.ts";

const minimalFile = `
[oidc]
issuer = "https://idp.company/"
client_id = "akproxy"
client_secret = "\${CLIENT_SECRET}"

[providers.app]
mode = "proxy"
external_host = "https://app.company"
internal_host = "http://127.0.0.1:8080"
`;

test("the minimal file is valid, and every other key has its default", async () => {
  const env = { CLIENT_SECRET: "from-the-environment" };

  const { config, problems } = await parseConfigText(minimalFile, { file: "/etc/akproxy/config.toml", env });

  expect(problems).toEqual([]);
  const { providers, ...server } = config ?? { providers: [] };
  expect(server).toEqual({
    stateDir: "/etc/akproxy/akproxy-state",
    outpostName: "akproxy",
    secrets: null,
    listen: {
      http: { kind: "tcp", hostname: "0.0.0.0", port: 9000 },
      https: { kind: "tcp", hostname: "0.0.0.0", port: 9443 },
      metrics: { kind: "tcp", hostname: "127.0.0.1", port: 9300 },
    },
    trustedProxies: [
      "127.0.0.0/8",
      "::1/128",
      "10.0.0.0/8",
      "172.16.0.0/12",
      "192.168.0.0/16",
      "fe80::/10",
      "fc00::/7",
    ],
    tls: { certificate: null, minVersion: "1.2" },
    sessions: { kind: "sqlite", file: "/etc/akproxy/akproxy-state/sessions.sqlite" },
    limits: {
      requestHeaderBytes: 32768,
      requestBodyBytes: 0,
      upstreamConnectSeconds: 10,
      upstreamResponseHeaderSeconds: 60,
      streamIdleSeconds: 3600,
      idleSeconds: 120,
      failedCredentials: { count: 20, seconds: 60 },
      drainSeconds: 30,
    },
    log: { level: "info", format: "auto" },
  });
  expect(providers.length).toBe(1);
  expect(providers[0]).toMatchObject({
    mode: "proxy",
    slug: "app",
    name: "app",
    externalHost: new URL("https://app.company/"),
    oidc: {
      issuer: "https://idp.company/",
      clientId: "akproxy",
      clientSecret: "from-the-environment",
      scopes: ["openid", "profile", "email", "entitlements", "ak_proxy"],
      authorizeParams: {},
      tokenEndpointAuthMethod: "",
      postLogoutRedirectUri: "",
      backchannelHost: "",
      caPem: null,
    },
    cookie: { name: "__Host-akproxy_app", domain: null, secure: true },
    sessionSeconds: 86400,
    idleSeconds: 0,
    skipPaths: { patterns: [] },
    protectPaths: { patterns: [] },
    interceptHeaderAuth: true,
    basicAuth: null,
    claims: {
      username: "preferred_username",
      groups: "groups",
      entitlements: "entitlements",
      email: "email",
      name: "name",
      uid: "sub",
    },
    hostHeader: null,
    allow: null,
    headerEncoding: "utf8",
    sendJwt: true,
    certificate: null,
    upstream: {
      scheme: "http",
      hostAndPort: "127.0.0.1:8080",
      unixPath: null,
      basePath: "",
      baseQuery: "",
      verifyTls: true,
      caPem: null,
      serverName: null,
    },
  });
});
