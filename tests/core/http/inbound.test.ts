import { describe, expect, test } from "bun:test";
import type { HeaderLines } from "../../../src/core/http/header-lines.ts";
import { type ReceivedHead, readInbound } from "../../../src/core/http/inbound.ts";
import { type Network, parseNetwork } from "../../../src/core/http/ip-address.ts";

const trusted = [parseNetwork("10.0.0.0/8")].filter((network): network is Network => network !== null);
const host: HeaderLines[number] = ["Host", "App.Test:443"];

function read(different: Partial<ReceivedHead> = {}) {
  const head: ReceivedHead = {
    method: "GET",
    scheme: "https",
    target: "/x?a=b",
    headers: [host],
    peerAddress: "10.0.0.1",
    ...different,
  };
  return readInbound(head, trusted, "0123456789abcdef");
}

const forwarded: HeaderLines = [
  host,
  ["X-Forwarded-For", "192.0.2.9"],
  ["X-Forwarded-Host", "wiki.test"],
  ["X-Forwarded-Proto", "http"],
  ["X-Request-Id", "of-the-proxy"],
  ["X-authentik-username", "root"],
];

describe("a request that passes the edge", () => {
  test("without forwarded headers it is what the head says", () => {
    expect(read()).toEqual({
      kind: "request",
      request: {
        id: "0123456789abcdef",
        method: "GET",
        scheme: "https",
        host: "app.test",
        hostHeader: "App.Test:443",
        hostSource: "Host",
        target: "/x?a=b",
        headers: [host],
        clientAddress: "10.0.0.1",
        peerAddress: "10.0.0.1",
        peerIsTrusted: true,
      },
    });
  });

  test.each([
    ["10.0.0.1", "192.0.2.9"],
    ["", "192.0.2.9"], // a unix socket's
  ])("the forwarded facts of the trusted peer %j count", (peerAddress, clientAddress) => {
    expect(read({ headers: forwarded, peerAddress }).request).toMatchObject({
      id: "of-the-proxy",
      scheme: "http",
      host: "wiki.test",
      hostHeader: "wiki.test",
      hostSource: "X-Forwarded-Host",
      clientAddress,
      peerAddress,
      peerIsTrusted: true,
      headers: forwarded.slice(0, -1),
    });
  });

  test("those of another peer are dropped", () => {
    expect(read({ headers: forwarded, peerAddress: "192.0.2.1" }).request).toMatchObject({
      id: "0123456789abcdef",
      scheme: "https",
      host: "app.test",
      hostSource: "Host",
      clientAddress: "192.0.2.1",
      peerIsTrusted: false,
      headers: [host, ["X-Request-Id", "of-the-proxy"]],
    });
  });

  test("Forwarded counts as X-Forwarded-* do, and is named as the source", () => {
    const headers: HeaderLines = [host, ["Forwarded", "for=192.0.2.9;host=wiki.test;proto=http"]];

    expect(read({ headers }).request).toMatchObject({
      scheme: "http",
      host: "wiki.test",
      hostSource: "Forwarded",
      clientAddress: "192.0.2.9",
    });
  });

  test.each(["short", "has space", "x".repeat(65)])("an unusable X-Request-Id is replaced: %s", (id) => {
    expect(read({ headers: [host, ["X-Request-Id", id]] }).request.id).toBe("0123456789abcdef");
  });
});

describe("a request that is refused at the edge", () => {
  test.each<[Partial<ReceivedHead>, number, string]>([
    [{ headers: [] }, 400, "Host is missing or is not a valid host"],
    [{ headers: [["Host", "a b"]] }, 400, "Host is missing or is not a valid host"],
    [
      {
        headers: [
          ["Host", "a b"],
          ["X-Forwarded-Host", "wiki.test"],
        ],
      },
      400,
      "Host is missing or is not a valid host",
    ],
    [{ headers: [host, ["X-Forwarded-Proto", "ftp"]] }, 400, "X-Forwarded-Proto does not hold one usable value"],
    [{ headers: [host, ["X-Forwarded-Host", "a, b"]] }, 400, "X-Forwarded-Host does not hold one usable value"],
    [{ headers: [host, ["Forwarded", "host"]] }, 400, "Forwarded does not hold one usable value"],
    [{ method: "TRACE" }, 501, "method TRACE is not served"],
    [{ method: "CONNECT" }, 501, "method CONNECT is not served"],
    [{ target: "*" }, 400, "the request target is not a path"],
    [{ target: `/${"a".repeat(8192)}` }, 414, "the request target is too long"],
    [{ target: "/a#b" }, 400, "the request target contains a #"],
  ])("%j: %i, %s", (different, status, reason) => {
    expect(read(different)).toMatchObject({ kind: "refused", status, reason });
  });

  test("a target of 8,192 characters is served", () => {
    expect(read({ target: `/${"a".repeat(8191)}` }).kind).toBe("request");
  });

  test("a malformed fact of a peer that is not trusted does not refuse the request", () => {
    expect(read({ peerAddress: "192.0.2.1", headers: [host, ["X-Forwarded-Proto", "ftp"]] }).kind).toBe("request");
  });
});
