import { describe, expect, test } from "bun:test";
import { hostKey, isWithinDomain, parseHost } from "../../../src/core/http/host.ts";

describe("parseHost", () => {
  test.each([
    ["app.test", "app.test", null],
    ["APP.Test", "app.test", null],
    ["app.test.", "app.test", null],
    ["app.test:443", "app.test", 443],
    ["app.test.:8443", "app.test", 8443],
    ["localhost", "localhost", null],
    ["127.0.0.1:9000", "127.0.0.1", 9000],
    ["[::1]", "[::1]", null],
    ["[2001:DB8::1]:8443", "[2001:db8::1]", 8443],
    ["my_host.local", "my_host.local", null],
    ["xn--bcher-kva.test", "xn--bcher-kva.test", null],
    ["a.test:0", "a.test", 0],
    ["a.test:65535", "a.test", 65_535],
  ])("reads %j", (value, hostname, port) => {
    expect(parseHost(value)).toEqual({ hostname, port });
  });

  test.each([
    [""],
    [" "],
    ["a b"],
    ["a@b"],
    ["user:pw@app.test"],
    ["h/p"],
    ["h/p?"],
    ["h?"],
    ["h#"],
    ["h\\x"],
    ["a.test, b.test"],
    ["a.test,b.test"],
    ["a.test:"],
    ["a.test:x"],
    ["a.test:65536"],
    ["a.test:123456"],
    ["a.test:-1"],
    ["a.test:80:80"],
    ["a..test"],
    [".a.test"],
    ["a.test.."],
    ["-a.test"],
    ["[::1"],
    ["::1"],
    ["[::1]x"],
    ["[fe80::1%25eth0]"],
    ["%61pp.test"],
    ["app.test\u0000"],
    ["app.test\r\nX: 1"],
    ["app.test\n"],
    ["\u00e4pp.test"],
    ["app\u3002test"],
    ["*.test"],
    ["$host"],
    ["x".repeat(256)],
    [`${"x".repeat(300)}.test`],
  ])("HTTP-03: %j is not a host", (value) => {
    expect(parseHost(value)).toBeNull();
  });
});

test.each([
  [{ hostname: "app.test", port: null }, "https", "app.test"],
  [{ hostname: "app.test", port: 443 }, "https", "app.test"],
  [{ hostname: "app.test", port: 80 }, "https", "app.test:80"],
  [{ hostname: "app.test", port: 80 }, "http", "app.test"],
  [{ hostname: "[::1]", port: 9000 }, "http", "[::1]:9000"],
] as const)("decision 27: %j under %s compares as %j", (host, scheme, key) => {
  expect(hostKey(host, scheme)).toBe(key);
});

test.each([
  ["corp.test", true],
  ["a.corp.test", true],
  ["a.b.corp.test", true],
  ["evilcorp.test", false],
  ["corp.test.evil.test", false],
  [".corp.test", true],
  ["test", false],
  ["", false],
])("FWD-11: %j within corp.test is %p", (hostname, within) => {
  expect(isWithinDomain(hostname, "corp.test")).toBe(within);
});
