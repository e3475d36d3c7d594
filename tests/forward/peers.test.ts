import { afterAll, describe, expect, test } from "bun:test";
import { firstValue } from "../../src/core/http/header-lines.ts";
import { formOf } from "../fakes/browser.ts";
import { checkRequest } from "./check-request.ts";
import { startForwardStack } from "./forward-stack.ts";
import { startBareOutpost } from "./outpost.ts";

const single = `
[providers.app]
mode = "forward_single"
external_host = "https://app.test"
skip_path_regex = "^/public/"
`;
const publicPage = { method: "GET", url: "https://app.test/public/x", headers: [] };
const dialects = ["nginx", "traefik", "caddy", "envoy", "forward"] as const;

const outpost = await startBareOutpost({ providers: single });
const listed = await startBareOutpost({
  listen: 'trusted_proxies = ["192.0.2.7", "2001:db8:7::/48", "::ffff:198.51.100.0/120"]',
  providers: single,
});
afterAll(async () => {
  await outpost.close();
  await listed.close();
});

describe("FWD-02: a verdict endpoint answers trusted proxies only", () => {
  test.each(dialects)("%s: 403, no cookie, no header of ours, even for a public path", async (dialect) => {
    const answer = await outpost.ask(checkRequest(dialect, publicPage), "203.0.113.5");

    expect(answer.status).toBe(403);
    expect(firstValue(answer.headers, "set-cookie")).toBeNull();
    expect(firstValue(answer.headers, "location")).toBeNull();
    expect(firstValue(answer.headers, "cache-control")).toBe("no-store");
    expect(answer.headers.filter(([name]) => /^x-authentik-/i.test(name))).toEqual([]);
  });

  test("the log names the address to add, and where", async () => {
    await outpost.ask(checkRequest("traefik", publicPage), "203.0.113.77");

    const line = outpost.logLines.findLast((each) => each["event"] === "verdict refused: the peer is not trusted");
    expect(line).toMatchObject({
      level: "warn",
      peer: "203.0.113.77",
      hint: 'if it is your reverse proxy, add "203.0.113.77" to listen.trusted_proxies',
    });
  });
});

describe("decision 7: by default the private networks are trusted", () => {
  test.each([
    ["127.0.0.1", 200],
    ["127.8.8.8", 200],
    ["::1", 200],
    ["10.255.0.1", 200],
    ["172.16.0.1", 200],
    ["172.31.255.255", 200],
    ["192.168.1.1", 200],
    ["fe80::1%eth0", 200],
    ["fd00::7", 200],
    ["", 200], // a unix socket
    ["::ffff:10.0.0.2", 200], // FWD-04
    ["::ffff:127.0.0.1", 200],
    ["::ffff:203.0.113.5", 403],
    ["172.32.0.1", 403],
    ["100.64.0.1", 403],
    ["169.254.1.1", 403],
    ["2001:db8::1", 403],
    ["unknown", 403],
    ["127.0.0.1.evil.test", 403],
  ])("FWD-04: the peer %j is answered %p", async (peer, status) => {
    expect((await outpost.ask(checkRequest("traefik", publicPage), peer)).status).toBe(status);
  });
});

describe("a list of one's own is the whole list", () => {
  test.each([
    ["192.0.2.7", 200],
    ["::ffff:192.0.2.7", 200],
    ["2001:db8:7:1::9", 200],
    ["198.51.100.9", 200],
    ["192.0.2.8", 403],
    ["2001:db8:8::1", 403],
    ["127.0.0.1", 403],
    ["10.0.0.1", 403],
  ])("the peer %j is answered %p", async (peer, status) => {
    expect((await listed.ask(checkRequest("envoy", publicPage), peer)).status).toBe(status);
  });
});

const forward = await startForwardStack(["app.test"], { providers: single });

describe("FWD-03: the client in the log is the right-most hop that is no trusted proxy", () => {
  afterAll(() => forward.stop());

  test.each([
    ["X-Forwarded-For", "9.9.9.9", "9.9.9.9"],
    ["X-Forwarded-For", "127.0.0.1, 9.9.9.9, 10.0.0.2", "9.9.9.9"],
    ["X-Forwarded-For", "1.1.1.1, [2001:db8::7]:443, ::ffff:10.0.0.2", "2001:db8::7"],
    ["X-Forwarded-For", "1.1.1.1, unknown, 10.0.0.2", "10.0.0.2"],
    ["Forwarded", "for=127.0.0.1, for=9.9.9.9;host=app.test, for=10.0.0.2", "9.9.9.9"],
    ["Forwarded", 'for="[2001:db8::7]:443"', "2001:db8::7"],
  ])("%s: %s", async (name, value, client) => {
    const { headers, ...check } = checkRequest("nginx", publicPage);

    const { status } = await forward.ask({ ...check, headers: [...headers, [name, value]] });

    expect(status).toBe(200);
    expect(forward.stack.logLines.findLast((line) => line["event"] === "request")).toMatchObject({ client });
  });
});

describe("/start without rd", () => {
  const goesBackTo = async (listen: string, xOriginalUrl: string) => {
    const forward = await startForwardStack(["app.test"], { listen, providers: single });
    const akproxy = `http://127.0.0.1:${forward.stack.port}`;
    const browser = forward.stack.browser({ resolve: { "app.test": akproxy } });
    const headers = { "x-original-url": xOriginalUrl };
    const end: string[] = [];
    const stopBefore = (url: string) => {
      end.push(url);
      return url.startsWith("https://app.test/") && !url.includes("/outpost.goauthentik.io/");
    };
    const login = await browser.follow("https://app.test/outpost.goauthentik.io/start", { headers });
    await browser.submit(formOf(login), { user: "alice" }, { stopBefore });
    await forward.stop();
    return end.at(-1);
  };

  test("goes back to the whole URL that a trusted proxy tells in X-Original-URL", async () => {
    expect(await goesBackTo("", "https://app.test/deep?a=1&b=2&c=3")).toBe("https://app.test/deep?a=1&b=2&c=3");
  });

  test("RED-02: to the external host where that URL belongs to another provider", async () => {
    expect(await goesBackTo("", "https://evil.test/deep")).toBe("https://app.test/");
  });

  test("FWD-01: reads none from another peer", async () => {
    expect(await goesBackTo('trusted_proxies = ["10.0.0.0/8"]', "https://app.test/deep?a=1")).toBe("https://app.test/");
  });
});
