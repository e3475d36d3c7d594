import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { HeaderLines } from "../../src/core/http/header-lines.ts";
import type { Identity } from "../../src/core/identity.ts";
import type { Deps } from "../../src/http/deps.ts";
import { outcomeOf } from "../../src/http/wire-handler.ts";

import type { IdentityProvider, LogoutNotice } from "../../src/ports/identity-provider.ts";
import { sealSessionCookie } from "../../src/seal/session-cookie.ts";
import { idOf, sessionOf } from "../contract/session-store.ts";
import { router } from "../fakes/router.ts";
import { alice } from "../fakes/samples.ts";
import { type BareOutpost, startBareOutpost } from "../forward/outpost.ts";

const issuer = "http://127.0.0.1:1";
const machine: Identity = alice({ issuer, subject: "u1", username: "robot", idpSession: "sid-1", rawToken: "" });

let bare: BareOutpost;
let deps: Deps;
let asked: string[] = [];
let notice: LogoutNotice = { issuer, idpSession: null, subject: "u1", tokenId: "t" };
let made = 0;

beforeAll(async () => {
  bare = await startBareOutpost({
    providers: `
[providers.app]
mode = "proxy"
external_host = "http://app.test"
internal_host = "http://127.0.0.1:1"
skip_path_regex = "^/public"
`,
  });
  const idp: IdentityProvider = {
    ...bare.deps.idpOf(bare.deps.providers[0] ?? unreachable()),
    authenticate: async (credential) => {
      asked.push(credential.kind);
      return { kind: "known", identity: machine, expiresAt: null };
    },
    readLogoutToken: async () => ({ ...notice, tokenId: `t${made++}` }),
    endSessionUrl: async () => null,
  };
  deps = { ...bare.deps, idpOf: () => idp };
});
afterAll(() => bare.close());
beforeEach(async () => {
  deps.credentials.forget({ issuer, subject: "u1", idpSession: null });
  asked = [];
});

function unreachable(): never {
  throw new Error("there is a provider");
}

const request = (target: string, headers: HeaderLines = [], method = "GET") =>
  outcomeOf(router, deps, {
    method,
    target,
    headers: [["Host", "app.test"], ...headers],
    scheme: "http",
    peerAddress: "192.0.2.9",
    serverName: null,
    hasBody: method === "POST",
  });
const withToken = (target = "/x", more: HeaderLines = []) => request(target, [["Authorization", "Bearer a"], ...more]);

async function cookieOf(subject: string): Promise<string> {
  const id = idOf(`h${made++}`);
  const now = deps.now();
  const identity = alice({ issuer, subject, idpSession: "sid-1" });
  const limits = { createdAt: now, lastSeenAt: now, expiresAt: now + 100, refresh: null };
  await deps.sessions.create({ ...sessionOf(), ...limits, id, providerSlug: "app", identity });
  return `akproxy_app=${sealSessionCookie(deps.keys, "app", id)}`;
}

describe("a request that a credential lets in", () => {
  test("goes on as that identity, without the credential, the second time too", async () => {
    const results = [(await withToken()).result, (await withToken()).result];

    for (const result of results) {
      if (result.kind !== "forward") throw new Error(result.kind);
      expect(result.identity?.username).toBe("robot");
      expect(result.request.headers.filter(([name]) => /authorization/i.test(name))).toEqual([]);
    }
    expect(asked).toEqual(["bearer"]);
  });

  test("has streams that end at its person's sign-out, and belong to no session", async () => {
    const { result } = await withToken();

    expect(result).toMatchObject({ kind: "forward", person: `${issuer}\nu1`, sessionId: null });
  });

  test("asks nobody on a public path, and the credential goes along", async () => {
    const { result } = await withToken("/public");

    if (result.kind !== "forward") throw new Error(result.kind);
    expect(result.identity).toBeNull();
    expect(result.request.headers).toContainEqual(["Authorization", "Bearer a"]);
    expect(asked).toEqual([]);
  });

  test("a session counts first, and the credential goes along", async () => {
    const { result } = await withToken("/x", [["Cookie", await cookieOf("u2")]]);

    if (result.kind !== "forward") throw new Error(result.kind);
    expect(result.identity?.subject).toBe("u2");
    expect(result.request.headers).toContainEqual(["Authorization", "Bearer a"]);
    expect(asked).toEqual([]);
  });
});

describe("decision 18: what is remembered of a credential is forgotten", () => {
  test.each([
    ["when its person signs out", "u1", 2],
    ["not when another user does", "u2", 1],
  ])("%s", async (_when, subject, times) => {
    const cookie = await cookieOf(subject);
    await withToken();

    const { result } = await request("/outpost.goauthentik.io/sign_out", [["Cookie", cookie]]);
    await withToken();

    expect(result).toMatchObject({ kind: "answer", status: 200 });
    expect(asked).toHaveLength(times);
  });

  test("when the issuer signs its session out in a frame", async () => {
    const cookie = await cookieOf("u1");
    await withToken();

    const query = new URLSearchParams({ iss: issuer, sid: "sid-1" });
    await request(`/outpost.goauthentik.io/frontchannel-logout?${query}`, [["Cookie", cookie]]);
    await withToken();

    expect(asked).toHaveLength(2);
  });

  test.each<[string, Partial<LogoutNotice>, number]>([
    ["of this person", { subject: "u1", idpSession: null }, 2],
    ["of this session", { subject: null, idpSession: "sid-1" }, 2],
    ["of another person", { subject: "u2", idpSession: null }, 1],
    ["of another session", { subject: null, idpSession: "sid-2" }, 1],
  ])("when the issuer posts a logout token %s", async (_whose, said, times) => {
    notice = { ...notice, ...said };
    await withToken();

    const payload = Buffer.from(JSON.stringify({ iss: issuer, aud: "akproxy" })).toString("base64url");
    const { result } = await request(
      "/outpost.goauthentik.io/backchannel-logout",
      [["Content-Type", "application/x-www-form-urlencoded"]],
      "POST",
    );
    if (result.kind !== "body") throw new Error(result.kind);
    const answer = await result.answer(`logout_token=e30.${payload}.x`);
    await withToken();

    expect(answer.status).toBe(200);
    expect(asked).toHaveLength(times);
  });
});
