import { describe, expect, test } from "bun:test";
import { judgePath, judgeTarget, matchSubject } from "../../../src/core/http/judged-target.ts";
import { domainProvider, proxyProvider, singleProvider, withPaths } from "../../fakes/samples.ts";
import { pick, seeded } from "../../fakes/seeded.ts";
import { laxReadings } from "../../security/lax-readings.ts";
import { randomTarget } from "../../security/random-targets.ts";

const publicBelow = withPaths(proxyProvider(), ["^/public"]);
const verdict = (target: string) => judgePath(publicBelow, "https://app.test", judgeTarget(target)).kind;

describe("a target that can be public", () => {
  test.each([
    ["/public"],
    ["/public/"],
    ["/public/a.b"],
    ["/public/..a"],
    ["/public/a..b/c"],
    ["/public/..."],
    ["/public/.well-known/x"],
    ["/public/a;b=c"],
    ["/public/a.css;v=1"],
    ["/%70ublic"],
    ["/public/%7Euser"],
    ["/public/%C3%A9"],
    ["/public/\u00c3\u00a9"],
    ["/public/100%25"],
    ["/public/a%20b"],
    ["/public/a+b"],
    ["/public//inner"],
    ["/public/:80/@x"],
    ["/public?x=/../admin"],
    ["/public?x=%00%2f%zz"],
    ["/public?a?b"],
  ])("PATH-18: %j is public by ^/public", (target) => {
    expect(verdict(target)).toBe("public");
  });
});

describe("a target that is never public", () => {
  test.each([
    ["PATH-02", "/public/../admin", "contains a dot segment"],
    ["PATH-02", "/public/%2e%2e/admin", "contains a dot segment"],
    ["PATH-02", "/public/.%2E/admin", "contains a dot segment"],
    ["PATH-02", "/public/%2E./admin", "contains a dot segment"],
    ["PATH-02", "/public/./x", "contains a dot segment"],
    ["PATH-02", "/public/%2e", "contains a dot segment"],
    ["PATH-02", "/public/..", "contains a dot segment"],
    ["PATH-03", "/public%2f..%2fadmin", "contains an encoded slash"],
    ["PATH-03", "/public/x%2Fy", "contains an encoded slash"],
    ["PATH-03", "/public/..%5cadmin", "contains a backslash"],
    ["PATH-03", "/public/x%5Cy", "contains a backslash"],
    ["PATH-03", "/public/x\\y", "contains a backslash"],
    ["PATH-03", "/public/%00", "contains a control character"],
    ["PATH-04", "/public/%252e%252e/admin", "contains a double encoding"],
    ["PATH-04", "/public/%252F", "contains a double encoding"],
    ["PATH-04", "/public/%255c", "contains a double encoding"],
    ["PATH-04", "/public/%25252e", "contains a double encoding"],
    ["PATH-05", "//public", "begins with //"],
    ["PATH-05", "///public", "begins with //"],
    ["PATH-06", "/public/..;/admin", "contains dots beside a semicolon"],
    ["PATH-06", "/public/..;a=b/admin", "contains dots beside a semicolon"],
    ["PATH-06", "/public/.;/admin", "contains dots beside a semicolon"],
    ["PATH-06", "/public/..%3b/admin", "contains dots beside a semicolon"],
    ["PATH-06", "/public/..%3B/admin", "contains dots beside a semicolon"],
    ["PATH-06", "/public/;../admin", "contains dots beside a semicolon"],
    ["PATH-06", "/public/%2e%2e;/admin", "contains dots beside a semicolon"],
    ["PATH-06", "/public/%2E;x/admin", "contains dots beside a semicolon"],
    ["PATH-06", "/public/.%2e%3B/admin", "contains dots beside a semicolon"],
    ["PATH-06", "/public/;%2e%2e/admin", "contains dots beside a semicolon"],
    ["PATH-04", "/public/%25%32%65%25%32%65/admin", "contains a double encoding"],
    ["PATH-04", "/public/%25%32f", "contains a double encoding"],
    ["PATH-04", "/public/%2%35c", "contains a bad percent-escape"],
    ["PATH-04", "/public/..%253b/admin", "contains a double encoding"],
    ["PATH-04", "/public/%2500", "contains a double encoding"],
    ["PATH-08", "/public#x", "contains a #"],
    ["PATH-08", "/public%23x", "contains a #"],
    ["PATH-08", "/public%3fx", "contains an encoded ?"],
    ["PATH-19", "/public/%zz", "contains a bad percent-escape"],
    ["PATH-19", "/public/%", "contains a bad percent-escape"],
    ["PATH-19", "/public/%4", "contains a bad percent-escape"],
    ["PATH-19", "/public/%u002e", "contains a bad percent-escape"],
    ["PATH-19", "/public/%c0%af", "is not valid UTF-8"],
    ["PATH-19", "/public/%c0%ae%c0%ae/", "is not valid UTF-8"],
    ["PATH-19", "/public/%e0%80%af", "is not valid UTF-8"],
    ["PATH-19", "/public/%f0%80%80%af", "is not valid UTF-8"],
    ["PATH-19", "/public/%ed%a0%80", "is not valid UTF-8"],
    ["PATH-19", "/public/%ff", "is not valid UTF-8"],
    ["PATH-19", "/public/\u00ff", "is not valid UTF-8"],
    ["PATH-19", "/public/%0d%0aX:1", "contains a control character"],
    ["PATH-19", "/public/%09", "contains a control character"],
    ["PATH-19", "/public/%7f", "contains a control character"],
    ["PATH-19", "/public/%c2%85", "contains a control character"],
  ])("%s: %j is never public: it %s", (_row, target, reason) => {
    expect(judgeTarget(target).neverPublic).toBe(reason);
    expect(["never_public", "unmatched"]).toContain(verdict(target));
  });

  test("PATH-05: a decoded path that matches is refused because of its spelling, and the reason is returned", () => {
    const provider = withPaths(proxyProvider(), ["public"]);

    expect(judgePath(provider, "", judgeTarget("//public"))).toEqual({
      kind: "never_public",
      pattern: "public",
      reason: "begins with //",
    });
  });
});

describe("the text that patterns match", () => {
  test("PATH-07: patterns for paths do not see the query", () => {
    const provider = withPaths(proxyProvider(), ["/status$"]);

    expect(judgePath(provider, "", judgeTarget("/private?x=/status")).kind).toBe("unmatched");
    expect(judgePath(provider, "", judgeTarget("/a/status?x=1")).kind).toBe("public");
  });

  test("PATH-18: percent-encoded letters equal plain ones, and case matters", () => {
    const provider = withPaths(proxyProvider(), ["^/public$"]);
    const kind = (target: string) => judgePath(provider, "", judgeTarget(target)).kind;

    expect(kind("/%70ublic")).toBe("public");
    expect(kind("/p%75bli%63")).toBe("public");
    expect(kind("/PUBLIC")).toBe("unmatched");
    expect(kind("/%50ublic")).toBe("unmatched");
  });

  test("PATH-13: domain level matches the whole URL with its query", () => {
    const provider = domainProvider();

    expect(matchSubject(provider, "https://a.corp.test", judgeTarget("/x%20y?q=%20"))).toBe(
      "https://a.corp.test/x y?q=%20",
    );
    expect(matchSubject(provider, "https://a.corp.test", judgeTarget("/x"))).toBe("https://a.corp.test/x");
    expect(matchSubject(singleProvider(), "https://app.test", judgeTarget("/x?q"))).toBe("/x");
  });

  test("PATH-13: another host with the public URL in its query is not public", () => {
    const provider = withPaths(domainProvider(), ["^https://public\\.corp\\.test/"]);
    const kind = (origin: string, target: string) => judgePath(provider, origin, judgeTarget(target)).kind;

    expect(kind("https://public.corp.test", "/")).toBe("public");
    expect(kind("https://a.corp.test", "/?u=https://public.corp.test/")).toBe("unmatched");
    expect(kind("https://public.corp.test.evil.test", "/")).toBe("unmatched");
  });

  test("protect_path_regex wins over skip_path_regex, also for an encoded letter", () => {
    const provider = withPaths(proxyProvider(), ["^/public"], ["^/public/admin"]);

    expect(judgePath(provider, "", judgeTarget("/public/x")).kind).toBe("public");
    expect(judgePath(provider, "", judgeTarget("/public/admin")).kind).toBe("protected");
    expect(judgePath(provider, "", judgeTarget("/public/%61dmin")).kind).toBe("protected");
  });

  test.each([
    ["/admin;a.css", "^/admin$", "never_public"],
    ["/admin;/a.css", "^/admin$", "public"],
    ["/admin;v=1;a.css", "^/admin$", "never_public"],
    ["/x;v=1/a.css;v=2", "^/admin$", "public"],
    ["/x;v=1/a.css", "^/admin$", "public"],
    ["/x/a.css", "^/x/a", "protected"],
    ["/x//a.css", "^/x/a", "protected"],
    ["/x;y/a.css", "^/x/a", "protected"],
    ["/x//a.css", "^/x//a", "protected"],
  ])(
    "PATH-06: with .css public, %j beside protected %s is %s, whichever way the upstream reads it",
    (path, protect, kind) => {
      const provider = withPaths(proxyProvider(), ["\\.css(;v=2)?$"], [protect]);

      expect<string>(judgePath(provider, "", judgeTarget(path)).kind).toBe(kind);
    },
  );

  test("without a public pattern no path is public", () => {
    expect(judgePath(proxyProvider(), "", judgeTarget("/")).kind).toBe("unmatched");
  });

  test("PATH-12: a pattern that backtracks elsewhere takes no time, and a path over 8 KiB is not matched at all", () => {
    const provider = withPaths(proxyProvider(), ["^/(a+)+$", "^/long"]);
    const startedAt = performance.now();

    expect(judgePath(provider, "", judgeTarget(`/${"a".repeat(40)}!`)).kind).toBe("unmatched");
    expect(judgePath(provider, "", judgeTarget(`/${"a".repeat(8000)}!`)).kind).toBe("unmatched");
    expect(performance.now() - startedAt).toBeLessThan(250);
    expect(judgePath(provider, "", judgeTarget(`/long${"x".repeat(8187)}`)).kind).toBe("public");
    expect(judgePath(provider, "", judgeTarget(`/long${"x".repeat(8188)}`)).kind).toBe("unmatched");
  });

  test("PATH-11: patterns are read as Go reads them", () => {
    const kind = (pattern: string, path: string) =>
      judgePath(withPaths(proxyProvider(), [pattern]), "", judgeTarget(path)).kind;

    expect(kind("(?i)^/x$", "/X")).toBe("public");
    expect(kind("^/a\\z", "/a")).toBe("public");
    expect(kind("^/a\\z", "/az")).toBe("unmatched");
    expect(kind("^/[[:alpha:]]+$", "/abc")).toBe("public");
    expect(kind("^/a$", "/a%0a")).toBe("unmatched");
    expect(kind("\\A/a", "/A/a")).toBe("unmatched");
  });
});

test("a target is read as path, query and decoded path", () => {
  expect(judgeTarget("/a%20b?c=%20?d")).toEqual({
    path: "/a%20b",
    query: "c=%20?d",
    decodedPath: "/a b",
    plainPath: "/a b",
    neverPublic: null,
  });
  expect(judgeTarget("/a?").query).toBe("");
  expect(judgeTarget("/a").query).toBeNull();
  expect(judgeTarget("/%zz").decodedPath).toBe("/%zz");
});

test("PATH-01: of 50000 random spellings, none is public that a lax server could read as another path", () => {
  const provider = withPaths(proxyProvider(), ["^/public", "/status$", "\\.css$"], ["^/public/admin"]);
  const random = seeded(9);
  const frames = ["T", "/publicT", "T/status", "T.css", "/publicTadmin"] as const;
  const isPublic = (path: string) => /^\/public|\/status$|\.css$/.test(path) && !path.startsWith("/public/admin");
  let open = 0;
  const escaped: string[] = [];

  for (let index = 0; index < 50_000; index++) {
    const target = pick(random, frames).replace("T", () => randomTarget(random));
    if (judgePath(provider, "", judgeTarget(target)).kind !== "public") continue;
    open += 1;
    if (!laxReadings(target).every(isPublic)) escaped.push(target);
  }

  expect(escaped).toEqual([]);
  expect(open).toBeGreaterThan(5000);
});
