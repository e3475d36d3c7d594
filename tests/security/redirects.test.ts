import { afterAll, describe, expect, test } from "bun:test";
import { continueAs } from "../fakes/browser.ts";
import { header, headerValues } from "../fakes/raw-client.ts";
import { startGuardedApp } from "./guarded-app.ts";

const app = await startGuardedApp();
afterAll(() => app.stop());

const startPath = "/outpost.goauthentik.io/start";

const hostile = (await Bun.file("tests/corpus/return-to-hostile.txt").text())
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("// "))
  .map((line) =>
    line.replace(/\\u\{([0-9a-f]+)\}/g, (_all, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16))),
  );

/** Where a login that was started with `rd` ends: the Location of its callback. */
async function landing(rd: string): Promise<string> {
  const browser = app.stack.browser();
  const login = await browser.follow(`http://app.test${startPath}?rd=${encodeURIComponent(rd.toWellFormed())}`);
  const landed = await continueAs(browser, login, "alice");
  const callback = landed.hops.findIndex((hop) => hop.includes("/callback?"));
  return landed.hops[callback + 1] ?? "";
}

test.each([
  ["/deep/link?a=1&b=%2f", "http://app.test/deep/link?a=1&b=%2f"],
  ["http://app.test/x", "http://app.test/x"],
  ["https://app.test/x", "http://app.test/"],
  ["http://app.test:81/x", "http://app.test/"],
  ["//evil.test/", "http://app.test/"],
  ["/\\evil.test/", "http://app.test/"],
  ["/\t/evil.test/", "http://app.test/"],
  ["http://app.test@evil.test/", "http://app.test/"],
  ["http://app.test.evil.test/", "http://app.test/"],
  ["javascript:alert(1)", "http://app.test/"],
  ["data:text/html,x", "http://app.test/"],
  ["/outpost.goauthentik.io/sign_out", "http://app.test/"],
])("RED-01, RED-02, RED-03, RED-08: a login started with rd=%j ends at %s", async (rd, url) => {
  expect(await landing(rd)).toBe(url);
});

test("RED-08: after a login with rd at sign_out the session is alive", async () => {
  const browser = app.stack.browser();
  const login = await browser.follow(`http://app.test${startPath}?rd=/outpost.goauthentik.io/sign_out`);
  await continueAs(browser, login, "alice");

  expect((await browser.get("http://app.test/x")).status).toBe(200);
});

test("RED-01: for every line of the hostile corpus start answers with its redirect to the issuer", async () => {
  const odd: string[] = [];
  for (const rd of hostile) {
    const answer = await app.ask(`${startPath}?rd=${encodeURIComponent(rd.toWellFormed())}`);
    const location = header(answer, "location");
    if (answer.status !== 302 || !location.startsWith(`${app.stack.issuer.issuer}/auth?`) || location.includes("evil"))
      odd.push(rd);
  }

  expect(odd).toEqual([]);
});

test("RED-01: the same for the lines in the query without encoding", async () => {
  const odd: string[] = [];
  for (const rd of hostile.filter((line) => /^[!"$-~]+$/.test(line))) {
    const answer = await app.ask(`${startPath}?rd=${rd}`);
    if (answer.status !== 302 || header(answer, "location").includes("evil")) odd.push(rd);
  }

  expect(odd).toEqual([]);
});

describe("RED-05: sign-out goes where the config says", () => {
  test.each([
    ["rd=https://evil.test"],
    ["post_logout_redirect_uri=https://evil.test"],
    ["redirect=//evil.test&returnTo=//evil.test"],
  ])("whatever %s asks", async (query) => {
    const browser = app.stack.browser();
    await continueAs(browser, await browser.follow("http://app.test/"), "bob");
    const answer = await browser.get(`http://app.test/outpost.goauthentik.io/sign_out?${query}`);

    expect(answer.status).toBe(302);
    expect(answer.location ?? "").toStartWith(app.stack.issuer.issuer);
    expect(answer.location ?? "").not.toContain("evil");
  });
});

describe("RED-06: URLs are built from the external host", () => {
  test("the redirect URI has it, for every spelling of Host", async () => {
    const answer = await app.ask(startPath, { host: "APP.TEST:80" });

    const location = new URL(header(answer, "location"));
    expect(location.searchParams.get("redirect_uri")).toBe(
      "http://app.test/outpost.goauthentik.io/callback?X-authentik-auth-callback=true",
    );
  });

  test("no Location contains a foreign Host", async () => {
    for (const target of [
      "/",
      startPath,
      "/outpost.goauthentik.io/callback?code=a&state=b",
      "/outpost.goauthentik.io/sign_out",
    ]) {
      const answer = await app.ask(target, { host: "evil.test" });
      expect([answer.status, header(answer, "location")]).toEqual([400, ""]);
    }
  });

  test("an absolute-form target of another authority than Host is 400, one of the same is its path", async () => {
    const other = await app.ask("http://evil.test/x");
    const same = await app.ask("http://app.test/x");

    expect([other.status, header(other, "location")]).toEqual([400, ""]);
    expect(header(same, "location")).toBe("http://app.test/outpost.goauthentik.io/start?rd=http%3A%2F%2Fapp.test%2Fx");
  });
});

test.each([
  ["%0d%0aSet-Cookie:x=1"],
  ["/%0d%0aSet-Cookie:x=1"],
  ["/x%0aLocation:https://evil.test"],
  ["%E5%98%8D%E5%98%8ASet-Cookie:x=1"],
])("RED-07: rd=%s splits no header", async (rd) => {
  const answer = await app.ask(`${startPath}?rd=${rd}`);

  expect(headerValues(answer, "location")).toHaveLength(1);
  expect(headerValues(answer, "set-cookie").filter((value) => /^x=/.test(value.trim()))).toEqual([]);
  expect(await landing(decodeURIComponent(rd))).toStartWith("http://app.test/");
});

test.each([["/%0d%0aSet-Cookie:x=1"], ["/a?b=%0d%0aX:1"], ["/\u00c3\u00a9?\u00ff"]])(
  "RED-07: the target %j of an anonymous visitor splits no header and comes back encoded",
  async (target) => {
    const answer = await app.ask(target);

    expect(answer.status).toBe(302);
    expect(header(answer, "location")).toMatch(
      /^http:\/\/app\.test\/outpost\.goauthentik\.io\/start\?rd=[A-Za-z0-9%._*-]+$/,
    );
  },
);

test("RED-09: nothing of start's query but rd reaches the issuer", async () => {
  const plain = new URL(header(await app.ask(startPath), "location")).searchParams;
  const pushed = new URL(
    header(
      await app.ask(
        `${startPath}?scope=x&redirect_uri=https://evil.test&prompt=none&client_id=z&state=fixed&nonce=fixed&response_type=token&code_challenge=x`,
      ),
      "location",
    ),
  ).searchParams;

  for (const name of ["scope", "redirect_uri", "prompt", "client_id", "response_type"]) {
    expect(pushed.getAll(name)).toEqual(plain.getAll(name));
  }
  expect(pushed.get("state")).not.toBe("fixed");
  expect(pushed.get("nonce")).not.toBe("fixed");
});

describe("decision 9: start is for navigations", () => {
  test.each([
    [
      "GET",
      [
        ["Sec-Fetch-Mode", "no-cors"],
        ["Sec-Fetch-Dest", "image"],
      ],
    ],
    ["GET", [["Sec-Fetch-Mode", "cors"]]],
    ["GET", [["X-Requested-With", "XMLHttpRequest"]]],
    ["POST", [["Content-Length", "0"]]],
    ["OPTIONS", []],
  ] as const)("%s %j is 401 and sets no cookie (CK-08)", async (method, headers) => {
    const answer = await app.ask(startPath, { method, headers });

    expect(answer.status).toBe(401);
    expect(headerValues(answer, "set-cookie")).toEqual([]);
  });
});
