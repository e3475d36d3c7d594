import { describe, expect, test } from "bun:test";
import { homeOf, judgeReturnTo, ownUrl } from "../../../src/core/decide/return-to.ts";
import { domainProvider, proxyProvider } from "../../fakes/samples.ts";

const app = proxyProvider();
const ported = proxyProvider({ externalHost: new URL("https://app.test:8443") });
const corp = domainProvider();
const corpPorted = domainProvider({ externalHost: new URL("https://auth.corp.test:8443") });

describe("RED-01: where one may go back to, re-serialised", () => {
  test.each([
    [app, "", "https://app.test/"],
    [app, "/", "https://app.test/"],
    [app, "/deep/link?a=1&b=%2f#frag", "https://app.test/deep/link?a=1&b=%2f#frag"],
    [app, "deep", "https://app.test/deep"],
    [app, "?a=1", "https://app.test/?a=1"],
    [app, "https://app.test/x", "https://app.test/x"],
    [app, "HTTPS://APP.TEST/x", "https://app.test/x"],
    [app, "https://app.test:443/x", "https://app.test/x"],
    [app, "https:x", "https://app.test/x"],
    [app, "/a/../b", "https://app.test/b"],
    [app, "/x?u=https://evil.test", "https://app.test/x?u=https://evil.test"],
    [app, "/https://evil.test", "https://app.test/https://evil.test"],
    [app, "/.//evil.test", "https://app.test//evil.test"],
    [app, "https://app.test//evil.test", "https://app.test//evil.test"],
    [app, "/outpost.goauthentik.io", "https://app.test/outpost.goauthentik.io"],
    [app, "/%0d%0aSet-Cookie:x=1", "https://app.test/%0d%0aSet-Cookie:x=1"],
    [app, "/\u00e4", "https://app.test/%C3%A4"],
    [ported, "/x", "https://app.test:8443/x"],
    [ported, "https://app.test:8443/x", "https://app.test:8443/x"],
    [corp, "", "https://auth.corp.test/"],
    [corp, "https://corp.test/", "https://corp.test/"],
    [corp, "https://a.corp.test/x?y", "https://a.corp.test/x?y"],
    [corp, "https://a.b.corp.test/", "https://a.b.corp.test/"],
    [corp, "https://A.CORP.test:443/", "https://a.corp.test/"],
    [corpPorted, "https://a.corp.test:8443/", "https://a.corp.test:8443/"],
  ])("%#: accepted", (provider, rd, url) => {
    expect(judgeReturnTo(rd, provider)).toEqual({ kind: "accepted", url });
  });
});

describe("RED-02, RED-03: where one may not go", () => {
  test.each([
    [app, "http://app.test/", "scheme http:"],
    [app, "https://app.test:8443/", "host app.test:8443"],
    [app, "https://app.test.evil.test/", "host app.test.evil.test"],
    [app, "https://xapp.test/", "host xapp.test"],
    [app, "https://sub.app.test/", "host sub.app.test"],
    [app, "//evil.test", "host evil.test"],
    [app, "javascript:alert(1)", "scheme javascript:"],
    [app, "https://app.test@evil.test/", "user information in the URL"],
    [app, "https://u:p@app.test/", "user information in the URL"],
    [app, "/\\evil.test", "a control character, backslash or surrounding space"],
    [app, " /x", "a control character, backslash or surrounding space"],
    [app, "/x\n", "a control character, backslash or surrounding space"],
    [app, "https://[", "not a URL"],
    [app, `/${"x".repeat(2048)}`, "too long"],
    [ported, "https://app.test/", "host app.test"],
    [corp, "/x", "not a URL"],
    [corp, "https://evilcorp.test/", "host evilcorp.test"],
    [corp, "https://corp.test.evil.test/", "host corp.test.evil.test"],
    [corp, "https://a.corp.test:8443/", "host a.corp.test:8443"],
    [corp, "http://a.corp.test/", "scheme http:"],
    [corpPorted, "https://a.corp.test/", "host a.corp.test"],
  ])("%#: refused", (provider, rd, reason) => {
    expect(judgeReturnTo(rd, provider)).toEqual({ kind: "refused", url: homeOf(provider), reason });
  });

  test.each([
    ["/outpost.goauthentik.io/sign_out"],
    ["/outpost.goauthentik.io/start?rd=/"],
    ["https://app.test/outpost.goauthentik.io/"],
    ["/x/../outpost.goauthentik.io/sign_out"],
    ["/outpost.goauthentik.io/%73ign_out"],
  ])("RED-08: %j is one of our own endpoints and becomes the home", (rd) => {
    expect(judgeReturnTo(rd, app)).toEqual({
      kind: "refused",
      url: "https://app.test/",
      reason: "one of the outpost's own endpoints",
    });
  });
});

const hostile = (await Bun.file("tests/corpus/return-to-hostile.txt").text())
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("// "))
  .map((line) =>
    line.replace(/\\u\{([0-9a-f]+)\}/g, (_all, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16))),
  );

describe("RED-01: the hostile corpus", () => {
  test("holds more than 200 different URLs", () => {
    expect(new Set(hostile).size).toBe(hostile.length);
    expect(hostile.length).toBeGreaterThan(200);
  });

  test.each([
    ["proxy", app, ["https://app.test"]],
    ["proxy on a port", ported, ["https://app.test:8443"]],
    ["proxy over http", proxyProvider({ externalHost: new URL("http://app.test") }), ["http://app.test"]],
  ] as const)("none of it leads out of a provider's origin: %s", (_name, provider, origins) => {
    const escaped = hostile.filter((rd) => !isHarmless(judgeReturnTo(rd, provider).url, origins));

    expect(escaped).toEqual([]);
  });

  test("none of it leads out of the cookie domain, or to another port or scheme", () => {
    const escaped = hostile.filter((rd) => {
      const url = new URL(judgeReturnTo(rd, corp).url);
      return url.protocol !== "https:" || url.port !== "" || !/(?:^|\.)corp\.test$/.test(url.hostname);
    });

    expect(escaped).toEqual([]);
  });

  test("what is given back is printable ASCII without a backslash, and says the same when it is judged again (RED-04)", () => {
    for (const rd of hostile) {
      const { url } = judgeReturnTo(rd, app);

      expect(url).toMatch(/^[!-[\]-~]+$/);
      expect(judgeReturnTo(url, app)).toEqual({ kind: "accepted", url });
    }
  });
});

/** At one of `origins`, and not at an endpoint of the outpost. */
function isHarmless(text: string, origins: readonly string[]): boolean {
  const url = new URL(text);
  return origins.includes(url.origin) && url.username === "" && !url.pathname.startsWith("/outpost.goauthentik.io/");
}

test("our own URLs stand at the external host, below its path", () => {
  expect(ownUrl(app, "/x").href).toBe("https://app.test/x");
  expect(ownUrl(proxyProvider({ externalHost: new URL("https://app.test/sub/?q=1") }), "/x").href).toBe(
    "https://app.test/sub/x",
  );
});
