import { expect, test } from "bun:test";
import { parseConfigText } from "../../../src/config/load.ts";
import { configText, goodEnv, problemLines } from "../problem-lines.ts";

test("an http:// issuer is allowed for loopback, or with danger_allow_http_issuer", async () => {
  const at = (issuer: string, more = "") =>
    problemLines(configText({ oidc: more }).replace("https://idp.company/", issuer), goodEnv);

  const words = '"http://idp.company/" is not https: an attacker on the network can log in as any user';
  expect(await at("http://127.0.0.1:9100/")).toEqual([]);
  expect(await at("http://localhost:9100")).toEqual([]);
  expect(await at("http://idp.company/")).toEqual([`2:10 error oidc.issuer: ${words}`]);
  expect(await at("http://idp.company/", "danger_allow_http_issuer = true")).toEqual([
    `2:10 warning oidc.issuer: ${words}`,
  ]);
});

test("the issuer is kept byte for byte", async () => {
  const text = configText({}).replace("https://idp.company/", "https://IDP.company:443/realms/a");

  const { config } = await parseConfigText(text, { file: "a.toml", env: goodEnv });

  expect(config?.providers[0]?.oidc.issuer).toBe("https://IDP.company:443/realms/a");
});

test("issuer and client_id are required in [oidc] or in the provider", async () => {
  const text = configText({})
    .replace(/issuer.*\n/, "")
    .replace(/client_id.*\n/, "");

  expect(await problemLines(text, goodEnv)).toEqual([
    "3:1 error providers.app.issuer: is required, here or in [oidc]",
    "3:1 error providers.app.client_id: is required, here or in [oidc]",
  ]);
});

test("the oidc keys of a provider take precedence", async () => {
  const provider = `issuer = "https://other.company"
client_id = "other"
scopes = ["email"]
authorize_params = { prompt = "login" }
token_endpoint_auth_method = "client_secret_post"
backchannel_host = "idp.internal:8443"`;

  const { config, problems } = await parseConfigText(configText({ provider }), { file: "a.toml", env: goodEnv });

  expect(problems).toEqual([]);
  expect(config?.providers[0]?.oidc).toEqual({
    issuer: "https://other.company",
    clientId: "other",
    clientSecret: "from-the-environment",
    scopes: ["openid", "email"],
    authorizeParams: { prompt: "login" },
    tokenEndpointAuthMethod: "client_secret_post",
    postLogoutRedirectUri: "",
    backchannelHost: "idp.internal:8443",
    caPem: null,
  });
});

test("the client_secret_* methods need a secret, the method none does not", async () => {
  const at = (method: string) =>
    problemLines(configText({ provider: `client_secret = ""\ntoken_endpoint_auth_method = "${method}"` }), goodEnv);

  expect(await at("client_secret_post")).toEqual([
    "10:30 error providers.app.token_endpoint_auth_method: needs a client secret",
  ]);
  expect(await at("none")).toEqual([]);
});

test("one wrong key of [oidc] is one problem, even if several providers use it", async () => {
  const second = '[providers.two]\nmode = "proxy"\nexternal_host = "https://two.company"\ninternal_host = "http://two"';
  const text = configText({ oidc: 'backchannel_host = "https://x"\nscopes = ["a b"]', end: second });

  expect(await problemLines(text, goodEnv)).toEqual([
    '5:20 error oidc.backchannel_host: "https://x" is not a host',
    '6:11 error oidc.scopes[0]: "a b" is not a scope',
  ]);
});

test("a wrong key of [oidc] is reported, even if every provider has its own", async () => {
  const text = configText({ oidc: 'backchannel_host = "https://x"', provider: 'backchannel_host = "idp.internal"' });

  expect(await problemLines(text, goodEnv)).toEqual(['5:20 error oidc.backchannel_host: "https://x" is not a host']);
});
