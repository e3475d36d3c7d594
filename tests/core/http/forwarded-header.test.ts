import { describe, expect, test } from "bun:test";
import { clientAddress, forwardedHost, forwardedScheme } from "../../../src/core/http/forwarded.ts";
import { forwardedElements } from "../../../src/core/http/forwarded-header.ts";
import type { HeaderLines } from "../../../src/core/http/header-lines.ts";
import { parseNetwork } from "../../../src/core/http/ip-address.ts";

const trusted = ["10.0.0.0/8"].flatMap((text) => parseNetwork(text) ?? []);
const lines = (...values: string[]): HeaderLines => values.map((value) => ["Forwarded", value]);

describe("RFC 7239: the elements of Forwarded", () => {
  test.each([
    ["for=192.0.2.60;proto=http;by=203.0.113.43", [{ for: "192.0.2.60", host: null, proto: "http" }]],
    ['For="[2001:db8:cafe::17]:4711"', [{ for: "[2001:db8:cafe::17]:4711", host: null, proto: null }]],
    ['HOST="app.test:8443" ; PROTO=https', [{ for: null, host: "app.test:8443", proto: "https" }]],
    ["host=app.test:8443", [{ for: null, host: "app.test:8443", proto: null }]],
    [
      'for="_gazonk", for=unknown',
      [
        { for: "_gazonk", host: null, proto: null },
        { for: "unknown", host: null, proto: null },
      ],
    ],
    ['for="a\\"b,c;d"', [{ for: 'a"b,c;d', host: null, proto: null }]],
    ["for=a;;proto=http, ,", [{ for: "a", host: null, proto: "http" }]],
    ["", []],
  ])("%j", (value, elements) => {
    expect(forwardedElements(lines(value))).toEqual(elements);
  });

  test.each([['for="a'], ["for=a for=b"], ["for"], ["=a"], ["for=a;for=b"], ['for="a"b'], ["for=a\u0000;x"]])(
    "%j can't be read",
    (value) => {
      expect(forwardedElements(lines(value))).toBeNull();
    },
  );

  test("two lines are one list", () => {
    expect(forwardedElements(lines("for=a", "for=b"))?.map((element) => element.for)).toEqual(["a", "b"]);
  });
});

describe("FWD-03: the client address from Forwarded", () => {
  test.each([
    ["10.0.0.1", "for=9.9.9.9", "9.9.9.9"],
    ["10.0.0.1", "for=127.0.0.1, for=9.9.9.9, for=10.0.0.2", "9.9.9.9"],
    ["10.0.0.1", 'for="[2001:db8::7]:443"', "2001:db8::7"],
    ["10.0.0.1", "for=9.9.9.9, for=unknown, for=10.0.0.2", "10.0.0.2"],
    ["10.0.0.1", "for=_hidden", "10.0.0.1"],
    ["10.0.0.1", "proto=https", "10.0.0.1"],
    ["10.0.0.1", 'for="9.9.9.9', "10.0.0.1"],
    ["192.0.2.1", "for=9.9.9.9", "192.0.2.1"],
  ])("the peer %s with %j is client %s", (peer, value, client) => {
    expect(clientAddress(peer, lines(value), trusted)).toBe(client);
  });
});

describe("host and scheme from Forwarded: those that the outermost trusted proxy received", () => {
  test.each([
    ["for=9.9.9.9;host=app.test;proto=https", "app.test", "https"],
    ["for=9.9.9.9;host=app.test;proto=https, for=10.0.0.2;host=inner;proto=http", "app.test", "https"],
    ["for=1.1.1.1;host=evil.test;proto=http, for=9.9.9.9;host=app.test;proto=https", "app.test", "https"],
    ["for=10.0.0.3;host=app.test;proto=wss, for=10.0.0.2;host=inner;proto=http", "app.test", "https"],
    ["host=evil.test;proto=http, for=unknown;host=app.test;proto=https", "app.test", "https"],
  ])("%j", (value, host, scheme) => {
    expect(forwardedHost(lines(value), trusted)).toEqual({ kind: "given", value: host, header: "Forwarded" });
    expect(forwardedScheme(lines(value), trusted)).toMatchObject({ kind: "given", value: scheme });
  });

  test.each([['host="a.test, b.test"'], ["host=a.test/x"], ["host=u@a.test"], ['host="a']])(
    "FWD-05: %j is refused",
    (value) => {
      expect(forwardedHost(lines(value), trusted)).toEqual({ kind: "malformed", header: "Forwarded" });
    },
  );

  test("FWD-05: an unknown scheme is refused, and a missing one is absent", () => {
    expect(forwardedScheme(lines("proto=javascript"), trusted).kind).toBe("malformed");
    expect(forwardedScheme(lines("for=9.9.9.9"), trusted).kind).toBe("absent");
    expect(forwardedHost(lines("for=9.9.9.9"), trusted).kind).toBe("absent");
  });
});

test.each([["X-Forwarded-For"], ["X-Forwarded-Host"], ["X-Forwarded-Proto"], ["X-Forwarded-Port"]])(
  "FWD-08: beside %s, Forwarded is not read: a proxy that writes the one may pass on a client's other",
  (name) => {
    const headers: HeaderLines = [...lines("for=9.9.9.9;host=evil.test;proto=javascript"), [name, ""]];

    expect(clientAddress("10.0.0.1", headers, trusted)).toBe("10.0.0.1");
    expect(forwardedHost(headers, trusted).kind).toBe("absent");
    expect(forwardedScheme(headers, trusted).kind).toBe("absent");
  },
);
