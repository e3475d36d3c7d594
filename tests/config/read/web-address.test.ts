import { expect, test } from "bun:test";
import {
  isLoopback,
  readExternalHost,
  readHostAndPort,
  readIssuer,
  readServerName,
  readUpstream,
} from "../../../src/config/read/web-address.ts";

test.each([
  ["https://app.company", "https://app.company/"],
  ["HTTPS://App.Company:443/", "https://app.company/"],
  ["http://app.company.:8080", "http://app.company:8080/"],
  ["https://app.company.", "https://app.company/"],
  ["https://[::1]:9443", "https://[::1]:9443/"],
  ["https://my_app.company", "https://my_app.company/"],
])("external_host %s is %s", (text, href) => {
  const reading = readExternalHost(text);

  expect(reading.kind === "ok" ? reading.value.href : reading.message).toBe(href);
});

test.each([
  ["", "is not an http:// or https:// URL"],
  ["app.company", "is not an http:// or https:// URL"],
  ["ftp://app.company", "is not an http:// or https:// URL"],
  ["https:app.company", "is not an http:// or https:// URL"],
  ["https:///app.company", "is not an http:// or https:// URL"],
  ["https://app.company\\evil", "is not an http:// or https:// URL"],
  ["https://app.\tcompany", "is not an http:// or https:// URL"],
  ["https://app.company:99999", "is not an http:// or https:// URL"],
  ["https://user:pass@app.company", "has a user name or password"],
  ["https://app.company/?a=1", "has a query"],
  ["https://app.company?", "has a query"],
  ["https://app.company/#x", "has a fragment"],
  ["https://*.company", "has a host that is not a valid name"],
])("external_host %p is refused", (text, why) => {
  const reading = readExternalHost(text);

  expect(reading.kind === "wrong" ? reading.message : reading.value.href).toBe(why);
});

const http = { scheme: "http", unixPath: null, basePath: "", baseQuery: "" } as const;

test.each([
  ["http://127.0.0.1:8080", { ...http, hostAndPort: "127.0.0.1:8080" }],
  ["http://App.Local:80/", { ...http, hostAndPort: "app.local" }],
  ["https://app.local/base/", { ...http, scheme: "https", hostAndPort: "app.local", basePath: "/base" }],
  ["http://app.local/a%2Fb?x=1&y", { ...http, hostAndPort: "app.local", basePath: "/a%2Fb", baseQuery: "x=1&y" }],
  ["http://[::1]:8080/x", { ...http, hostAndPort: "[::1]:8080", basePath: "/x" }],
  ["unix:/run/app.sock", { ...http, hostAndPort: "localhost", unixPath: "/run/app.sock" }],
  ["unix:///run/app.sock", { ...http, hostAndPort: "localhost", unixPath: "/run/app.sock" }],
] as const)("internal_host %s is taken apart", (text, upstream) => {
  expect(readUpstream(text)).toEqual({ kind: "ok", value: upstream });
});

test.each([
  ["127.0.0.1:8080", "is not an http:// or https:// URL"],
  ["h2c://app", "is not an http:// or https:// URL"],
  ["http://u:p@app", "has a user name or password"],
  ["http://app/#x", "has a fragment"],
  ["http://169.254.169.254/", "is a link-local address"],
  ["http://0xa9fea9fe/", "is a link-local address"],
  ["http://[fe80::1]/", "is a link-local address"],
  ["http://100.100.100.200/", "is a cloud metadata address"],
  ["http://[2002:a9fe:a9fe::]/", "is a link-local address"],
  ["unix:app.sock", "has a socket path that is not absolute"],
  ["unix:/", "has a socket path that is not absolute"],
])("internal_host %s is refused", (text, why) => {
  const reading = readUpstream(text);

  expect(reading.kind === "wrong" ? reading.message : reading.value).toBe(why);
});

test("an issuer may have a path, but neither a query nor a fragment", () => {
  expect(readIssuer("https://idp/realms/a").kind).toBe("ok");
  expect(readIssuer("https://idp/?a")).toMatchObject({ message: "has a query" });
  expect(readIssuer("https://idp/#a")).toMatchObject({ message: "has a fragment" });
});

test("only addresses of the machine itself are loopback", () => {
  const hosts = ["localhost", "app.localhost", "127.0.0.1", "127.9.9.9", "[::1]", "localhost.company", "128.0.0.1"];

  expect(hosts.map(isLoopback)).toEqual([true, true, true, true, true, false, false]);
});

test("a host may have a port, a server name may not", () => {
  expect(readHostAndPort("idp.internal:8443").kind).toBe("ok");
  expect(readHostAndPort("https://idp.internal")).toMatchObject({ message: "is not a host" });
  expect(readServerName("App.Internal")).toEqual({ kind: "ok", value: "app.internal" });
  expect(readServerName("app.internal:443")).toMatchObject({ message: "is not a DNS name" });
  expect(readServerName("10.0.0.1")).toMatchObject({ message: "is not a DNS name" });
});
