import { expect, test } from "bun:test";
import { readAddress, readCidr } from "../../../src/config/read/networks.ts";
import { ok, type Reading } from "../../../src/config/reading.ts";

function message(reading: Reading<unknown>): string | null {
  return reading.kind === "ok" ? null : reading.message;
}

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
])("the network %s is read", (text, cidr, isEveryAddress) => {
  expect(readCidr(text)).toEqual(ok({ cidr, isEveryAddress }));
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
