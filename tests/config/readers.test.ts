import { expect, test } from "bun:test";
import { parseConfigText } from "../../src/config/load.ts";
import { readDuration, readSize } from "../../src/config/read/amounts.ts";
import { readCookieDomain } from "../../src/config/read/cookie-domain.ts";
import { readAddress, readCidr } from "../../src/config/read/networks.ts";
import { ok, type Reading } from "../../src/config/reading.ts";
import { configText, goodEnv } from "./problem-lines.ts";

function message(reading: Reading<unknown>): string | null {
  return reading.kind === "ok" ? null : reading.message;
}

test.each([
  ["30s", 30],
  ["15m", 900],
  ["24h", 86400],
  ["7d", 604800],
  ["0s", 0],
  ["0", 0],
  ["3650d", 315360000],
])("the duration %s is %d seconds", (text, seconds) => {
  expect(readDuration(text)).toEqual(ok(seconds));
});

test.each([
  ["", "is not a duration"],
  ["24", "is not a duration"],
  ["15 m", "is not a duration"],
  ["1.5h", "is not a duration"],
  ["-1s", "is not a duration"],
  ["1h30m", "is not a duration"],
  ["24H", "is not a duration"],
  ["10ms", "is not a duration"],
  ["3651d", "is longer than 3650d"],
  ["999999999999d", "is longer than 3650d"],
])("the duration %p is refused", (text, why) => {
  expect(message(readDuration(text))).toBe(why);
});

test.each([
  ["64KiB", 65536],
  ["10MiB", 10485760],
  ["1GiB", 1073741824],
  ["0", 0],
])("the size %s is %d bytes", (text, bytes) => {
  expect(readSize(text)).toEqual(ok(bytes));
});

test.each(["", "64", "64KB", "64k", "1.5MiB", "-1KiB", "64 KiB", "64kib"])("the size %p is refused", (text) => {
  expect(message(readSize(text))).toBe("is not a size");
});

test.each([
  ["", null],
  ["0.0.0.0:9000", { kind: "tcp", hostname: "0.0.0.0", port: 9000 }],
  ["[::]:9443", { kind: "tcp", hostname: "::", port: 9443 }],
  ["LocalHost:0", { kind: "tcp", hostname: "localhost", port: 0 }],
  ["unix:/run/akproxy.sock", { kind: "unix", path: "/run/akproxy.sock" }],
] as const)("the address %p is read", (text, address) => {
  expect(readAddress(text)).toEqual(ok(address));
});

test.each([
  [":9000", "is not an address"],
  ["9000", "is not an address"],
  ["::1:9000", "is not an address"],
  ["[127.0.0.1]:9000", "is not an address"],
  ["300.0.0.1:80", "is not an address"],
  ["http://0.0.0.0:9000", "is not an address"],
  ["0.0.0.0:65536", "has a port above 65535"],
  ["unix:akproxy.sock", "has a socket path that is not absolute"],
])("the address %p is refused", (text, why) => {
  expect(message(readAddress(text))).toBe(why);
});

test.each([
  ["10.0.0.0/8", "10.0.0.0/8", false],
  ["fc00::/7", "fc00::/7", false],
  ["192.0.2.1", "192.0.2.1/32", false],
  ["::1", "::1/128", false],
  ["0.0.0.0/0", "0.0.0.0/0", true],
  ["::/0", "::/0", true],
  ["1.2.3.4/0", "1.2.3.4/0", true],
  ["::ffff:0.0.0.0/96", "::ffff:0.0.0.0/96", true],
  ["0::/64", "0::/64", true],
  ["::ffff:10.0.0.0/104", "::ffff:10.0.0.0/104", false],
])("the network %s is read", (text, cidr, everybody) => {
  expect(readCidr(text)).toEqual(ok({ cidr, everybody }));
});

test.each([
  "",
  "10.0.0.0/33",
  "10.0.0.0/",
  "10.0.0.0/-1",
  "10.0.0/8",
  "fc00::/129",
  "10.0.0.0/8/8",
  "localhost",
  "fe80::1%eth0/64",
])("the network %p is refused", (text) => {
  expect(message(readCidr(text))).toMatch(/^(is not a network|has a prefix length that is not 0 to (32|128))$/);
});

test.each([
  ["company.test", "company.test"],
  [".Company.TEST", "company.test"],
  ["auth.company.test", "auth.company.test"],
])("the cookie domain %s covers auth.company.test", (text, domain) => {
  expect(readCookieDomain(text)).toEqual(ok(domain));
});

test.each([
  ["com", "app.com", "has only one label"],
  ["localhost", "localhost", "has only one label"],
  ["co.uk", "app.co.uk", "is a public suffix"],
  ["CO.UK", "app.co.uk", "is a public suffix"],
  ["com.au", "app.com.au", "is a public suffix"],
  ["github.io", "app.github.io", "is a public suffix"],
  ["1.2.3.4", "1.2.3.4", "is an address"],
  ["[::1]", "[::1]", "is an address"],
  ["company.test:443", "app.company.test", "is an address"],
  ["https://company.test", "app.company.test", "is an address"],
  ["*.company.test", "app.company.test", "is not a domain"],
  ["pany.test", "app.company.test", "does not cover the host of external_host, app.company.test"],
  ["other.test", "app.company.test", "does not cover the host of external_host, app.company.test"],
  ["app.company.test", "company.test", "does not cover the host of external_host, company.test"],
])("CK-02: the cookie domain %s of %s is refused", async (domain, hostname, why) => {
  const text = configText({ provider: `cookie_domain = ${JSON.stringify(domain)}` })
    .replace('"proxy"', '"forward_single"')
    .replace("https://app.company", `https://${hostname}`)
    .replace(/internal_host.*\n/, "");

  const { problems } = await parseConfigText(text, { file: "a.toml", env: goodEnv });

  expect(problems.map((problem) => problem.message)).toEqual([`${JSON.stringify(domain)} ${why}`]);
});
