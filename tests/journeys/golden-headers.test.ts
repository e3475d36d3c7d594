import { afterAll, describe, expect, test } from "bun:test";
import type { HeaderLines } from "../../src/core/http/header-lines.ts";
import { defaultToyUsers } from "../../src/demo/toy-issuer-users.ts";
import { type RawAnswer, requestText, sendRaw } from "../fakes/raw-client.ts";
import { startRecordingUpstream } from "../fakes/upstream.ts";
import { checkRequest } from "../forward/check-request.ts";
import { sessionOf } from "../security/guarded-app.ts";
import { startStack } from "./stack.ts";

const dialects = ["nginx", "traefik", "caddy", "envoy", "forward"] as const;
const users = {
  alice: {
    ...defaultToyUsers["alice"],
    name: "Zoë",
    entitlements: ["reports", "demo"],
    ak_proxy: { user_attributes: { additionalHeaders: { "X-Of-Claim": "c" } } },
  },
};
const paths = 'skip_path_regex = "/public/"';
const injecting = `basic_auth_enabled = true
basic_auth_user_attribute = "user"
basic_auth_password_attribute = "pw"
SLUG.ak_proxy.user_attributes = { user = "svc-{preferred_username}", pw = "p", additionalHeaders = { X-Of-Table = "{email}" } }`;

const proxyMode = `[providers.app]
name = "The App"
mode = "proxy"
external_host = "http://app.test"
${paths}`;
const singleMode = proxyMode.replace('"proxy"', '"forward_single"');
const domainMode = proxyMode
  .replace(
    '"proxy"',
    '"forward_domain"\ncookie_domain = "app.test"\nrules = [{ path_regex = "^/public/", access = "public" }, { access = "login" }]',
  )
  .replace(`${paths}`, "");
const withInjection = (table: string) => `${table}\n${injecting.replace("SLUG.", "")}`;

const upstream = await startRecordingUpstream();
const inProxyMode = (table: string) => `${table}\ninternal_host = "${upstream.origin}"`;
const stack = await startStack({ users, providers: inProxyMode(proxyMode) });
afterAll(async () => {
  await stack.stop();
  await upstream.stop();
});

/** Lines as text; what is another one in each run by its name alone. */
function golden(lines: HeaderLines): string {
  return lines
    .map(([name, value]) => {
      if (name === "X-authentik-jwt" && value !== "") return `${name}: <id_token>`;
      if (name === "X-authentik-meta-jwks") return `${name}: ${value.replace(stack.issuer.issuer, "<issuer>")}`;
      return `${name}: ${value}`.trimEnd();
    })
    .join("\n");
}

const identityOf = (lines: HeaderLines) => lines.filter(([name]) => /^(x-authentik-|authorization$|x-of-)/i.test(name));

const sessions = new Map<string, string>();

/** The Cookie header of alice under this config, of which attributes are kept with the session. */
async function sessionUnder(table: string, externalHost?: string): Promise<string> {
  const known = sessions.get(table);
  if (known !== undefined) return known;
  stack.advance(61); // else so many logins would look like a loop
  const made = await sessionOf(stack, externalHost);
  sessions.set(table, made);
  return made;
}

async function proxied(table: string, as: "alice" | "nobody"): Promise<string> {
  await stack.reload({ providers: inProxyMode(table) });
  const cookie = as === "alice" ? [["Cookie", await sessionUnder(table)] as const] : [];
  const before = upstream.requests.length;
  const target = as === "alice" ? "/x" : "/public/x";
  await sendRaw(stack.port, requestText(`GET ${target} HTTP/1.1`, [["Host", "app.test"], ...cookie]));
  return golden(identityOf(upstream.requests[before]?.headers ?? []));
}

async function verdict(table: string, dialect: (typeof dialects)[number], as: "alice" | "nobody"): Promise<string> {
  await stack.reload({ providers: table });
  const session = as === "alice" ? await sessionUnder(table, "http://app.test/outpost.goauthentik.io/start?rd=") : "";
  const url = as === "alice" ? "http://app.test/x" : "http://app.test/public/x";
  const headers = as === "alice" ? [["Cookie", session] as const] : [];
  const { method, target, headers: sent } = checkRequest(dialect, { method: "GET", url, headers });
  const { answers } = await sendRaw(stack.port, requestText(`${method} ${target} HTTP/1.1`, sent));
  const [answer]: readonly (RawAnswer | undefined)[] = answers;
  return `${answer?.status}\n${golden(identityOf(answer?.headers ?? []))}`;
}

const headersOfAlice = `X-authentik-username: alice
X-authentik-groups: admins|staff
X-authentik-entitlements: reports|demo
X-authentik-email: alice@example.test
X-authentik-name: Zo\u00c3\u00ab
X-authentik-uid: alice
X-authentik-jwt: <id_token>
X-authentik-meta-jwks: <issuer>/jwks
X-authentik-meta-outpost: akproxy
X-authentik-meta-provider: The App
X-authentik-meta-app: app
X-authentik-meta-version: goauthentik.io/outpost/0.0.0-test`;
const headersOfNobody = `X-authentik-username:
X-authentik-groups:
X-authentik-entitlements:
X-authentik-email:
X-authentik-name:
X-authentik-uid:
X-authentik-jwt:
X-authentik-meta-jwks: <issuer>/jwks
X-authentik-meta-outpost: akproxy
X-authentik-meta-provider: The App
X-authentik-meta-app: app
X-authentik-meta-version: goauthentik.io/outpost/0.0.0-test`;

describe("the identity headers, byte for byte and in order", () => {
  test("proxy mode, a user: the identity headers, and what the issuer's claim adds", async () => {
    expect(await proxied(proxyMode, "alice")).toBe(`${headersOfAlice}\nX-Of-Claim: c`);
  });

  test("proxy mode, a user, with everything injected", async () => {
    expect(await proxied(withInjection(proxyMode), "alice")).toBe(
      `${headersOfAlice}\nAuthorization: Basic c3ZjLWFsaWNlOnA=\nX-Of-Table: alice@example.test\nX-Of-Claim: c`,
    );
  });

  test("proxy mode, nobody on a public path: none at all", async () => {
    expect(await proxied(proxyMode, "nobody")).toBe("");
    expect(await proxied(withInjection(proxyMode), "nobody")).toBe("");
  });

  test.each(
    dialects.flatMap((dialect) => [
      ["forward_single", dialect, singleMode] as const,
      ["forward_domain", dialect, domainMode] as const,
    ]),
  )("%s, a verdict for %s", async (_mode, dialect, table) => {
    expect(await verdict(table, dialect, "alice")).toBe(`200\n${headersOfAlice}\nX-Of-Claim: c`);
    expect(await verdict(table, dialect, "nobody")).toBe(`200\n${headersOfNobody}`);
    expect(await verdict(withInjection(table), dialect, "alice")).toBe(
      `200\n${headersOfAlice}\nAuthorization: Basic c3ZjLWFsaWNlOnA=\nX-Of-Table: alice@example.test\nX-Of-Claim: c`,
    );
    expect(await verdict(withInjection(table), dialect, "nobody")).toBe(`200\n${headersOfNobody}\nX-Of-Table:`);
  });
});
