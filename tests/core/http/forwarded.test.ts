import { describe, expect, test } from "bun:test";
import {
  clientAddress,
  forwardedHost,
  forwardedScheme,
  isForwardedName,
  isTrustedPeer,
} from "../../../src/core/http/forwarded.ts";
import { parseNetwork } from "../../../src/core/http/ip-address.ts";

const trusted = ["10.0.0.0/8", "::1"].flatMap((text) => parseNetwork(text) ?? []);

describe("clientAddress", () => {
  test.each([
    ["192.0.2.1", ["1.1.1.1"], "192.0.2.1"],
    ["10.0.0.1", [], "10.0.0.1"],
    ["10.0.0.1", [""], "10.0.0.1"],
    ["10.0.0.1", ["9.9.9.9"], "9.9.9.9"],
    ["10.0.0.1", ["127.0.0.1, 9.9.9.9, 10.0.0.2"], "9.9.9.9"],
    ["10.0.0.1", ["127.0.0.1", "9.9.9.9", "10.0.0.2"], "9.9.9.9"],
    ["10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"],
    ["10.0.0.1", ["9.9.9.9, unknown, 10.0.0.2"], "10.0.0.2"],
    ["10.0.0.1", ["9.9.9.9, , 10.0.0.2"], "10.0.0.2"],
    ["10.0.0.1", ["unknown"], "10.0.0.1"],
    ["::ffff:10.0.0.1", ["9.9.9.9:1234"], "9.9.9.9"],
    ["10.0.0.1", ["[2001:db8::7]:443"], "2001:db8::7"],
    ["10.0.0.1", ["::ffff:9.9.9.9"], "9.9.9.9"],
    ["::1", ["9.9.9.9"], "9.9.9.9"],
    ["", ["9.9.9.9"], "9.9.9.9"],
    ["unknown", ["9.9.9.9"], "unknown"],
  ])("FWD-03: the peer %j with X-Forwarded-For %j is client %j", (peer, values, client) => {
    const headers = values.map((value) => ["X-Forwarded-For", value] as const);

    expect(clientAddress(peer, headers, trusted)).toBe(client);
  });
});

test.each([
  ["10.1.2.3", true],
  ["::ffff:10.1.2.3", true],
  ["", true],
  ["11.0.0.1", false],
  ["unknown", false],
  ["2001:db8::1", false],
])("FWD-04: the peer %j is trusted: %p", (peer, isTrusted) => {
  expect(isTrustedPeer(peer, trusted)).toBe(isTrusted);
});

describe("forwardedScheme", () => {
  test.each([
    ["https", "https"],
    ["HTTP", "http"],
    ["wss", "https"],
    ["ws", "http"],
  ] as const)("FWD-05: %j means %s", (value, scheme) => {
    expect(forwardedScheme([["x-forwarded-proto", value]], trusted)).toEqual({
      kind: "given",
      value: scheme,
      header: "X-Forwarded-Proto",
    });
  });

  test.each([["javascript"], ["https, http"], ["https,https"], ["https://"], ["data"], ["h\u00e4"], ["https\u0000"]])(
    "FWD-05: %j is refused",
    (value) => {
      expect(forwardedScheme([["X-Forwarded-Proto", value]], trusted).kind).toBe("malformed");
    },
  );

  test("FWD-05: two lines are refused, and an empty line is absent", () => {
    expect(
      forwardedScheme(
        [
          ["X-Forwarded-Proto", "https"],
          ["X-Forwarded-Proto", "https"],
        ],
        trusted,
      ).kind,
    ).toBe("malformed");
    expect(forwardedScheme([["X-Forwarded-Proto", " "]], trusted).kind).toBe("absent");
    expect(forwardedScheme([], trusted).kind).toBe("absent");
  });
});

test.each([
  ["app.test", "given"],
  ["APP.test:8443", "given"],
  ["a.test, b.test", "malformed"],
  ["a.test/", "malformed"],
  ["u@a.test", "malformed"],
  ["", "absent"],
])("FWD-05: X-Forwarded-Host %j is %s", (value, kind) => {
  expect<string>(forwardedHost([["X-Forwarded-Host", value]], trusted).kind).toBe(kind);
});

test.each([
  ["forwarded", true],
  ["x-real-ip", true],
  ["x-forwarded-for", true],
  ["x-forwarded-prefix", true],
  ["x-forwarded", false],
  ["forwarded-for", false],
])("FWD-08: %j is a forwarded name: %p", (name, isForwarded) => {
  expect(isForwardedName(name)).toBe(isForwarded);
});
