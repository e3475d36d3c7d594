import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { HeaderLines } from "../../src/core/http/header-lines.ts";
import { header, headerValues } from "../fakes/raw-client.ts";
import { type GuardedApp, startGuardedApp } from "./guarded-app.ts";

let trusting: GuardedApp; //  this machine is a trusted proxy
let wary: GuardedApp; //      it is not
beforeAll(async () => {
  const provider = 'skip_path_regex = ["^/public"]';
  trusting = await startGuardedApp({ provider, listen: 'trusted_proxies = ["127.0.0.1", "10.0.0.0/8"]' });
  wary = await startGuardedApp({ provider, listen: 'trusted_proxies = ["192.0.2.0/24"]' });
});
afterAll(() => Promise.all([trusting.stop(), wary.stop()]));

const forwarded: HeaderLines = [
  ["Forwarded", "for=9.9.9.9;host=evil.test;proto=https"],
  ["X-Forwarded-For", "9.9.9.9"],
  ["X-Forwarded-Host", "evil.test"],
  ["X-Forwarded-Proto", "https"],
  ["X-Forwarded-Port", "444"],
  ["X-Forwarded-Prefix", "/public"],
  ["X-Forwarded-Server", "evil"],
  ["X-Real-IP", "9.9.9.9"],
  ["X-Original-URL", "/public"],
  ["X.Forwarded.For", "9.9.9.9"],
  ["X_Forwarded_Host", "evil.test"],
];

/** The fields of the last access-log line. */
const lastRequest = (app: GuardedApp) => app.stack.logLines.findLast((line) => line["event"] === "request") ?? {};

describe("FWD-01: forwarded headers of an untrusted peer", () => {
  test("are dropped whole, and the upstream gets ours alone", async () => {
    const { answer, seen } = await wary.pass("/x", { as: "alice", headers: forwarded });

    expect(answer.status).toBe(200);
    expect(
      seen?.headers
        .filter(([name]) => /forwarded|real-ip|original/i.test(name))
        .map(([name, value]) => [name.toLowerCase(), value])
        .sort(),
    ).toEqual([
      ["x-forwarded-for", "127.0.0.1"],
      ["x-forwarded-host", "app.test"],
      ["x-forwarded-proto", "http"],
    ]);
    expect(lastRequest(wary)["client"]).toBe("127.0.0.1");
  });

  test("choose no provider, and a malformed one refuses nothing", async () => {
    const unknown = await wary.ask("/public", { host: "other.test", headers: [["X-Forwarded-Host", "app.test"]] });
    const malformed = await wary.ask("/public", {
      headers: [
        ["X-Forwarded-Host", "a, b"],
        ["X-Forwarded-Proto", "javascript"],
      ],
    });

    expect(unknown.status).toBe(400);
    expect(malformed.status).toBe(200);
  });

  test("RED-06: are in no Location and no body", async () => {
    const answer = await wary.ask("/x", { headers: forwarded });

    expect(header(answer, "location")).toBe(
      "http://app.test/outpost.goauthentik.io/start?rd=http%3A%2F%2Fapp.test%2Fx",
    );
    expect(answer.body).not.toContain("evil");
  });
});

describe("a trusted peer", () => {
  test("decision 37: its X-Forwarded-For is appended to, and its host and scheme count", async () => {
    const { seen } = await trusting.pass("/x", {
      as: "alice",
      host: "inner.test",
      headers: [
        ["X-Forwarded-For", "9.9.9.9, 10.0.0.7"],
        ["X-Forwarded-Host", "app.test"],
        ["X-Forwarded-Proto", "http"],
      ],
    });

    const values = (name: string) => (seen === null ? [] : headerValues(seen, name));
    expect(values("host")).toEqual(["app.test"]);
    expect(values("x-forwarded-for")).toEqual(["9.9.9.9, 10.0.0.7, 127.0.0.1"]);
    expect(values("x-forwarded-host")).toEqual(["app.test"]);
    expect(values("x-forwarded-proto")).toEqual(["http"]);
  });

  test.each([
    ["127.0.0.1, 9.9.9.9, 10.0.0.2", "9.9.9.9"],
    ["9.9.9.9", "9.9.9.9"],
    ["9.9.9.9, unknown, 10.0.0.2", "10.0.0.2"],
    ["::ffff:9.9.9.9", "9.9.9.9"],
    ["9.9.9.9:1234", "9.9.9.9"],
    ["[2001:db8::7]:443", "2001:db8::7"],
    ["x", "127.0.0.1"],
    ["", "127.0.0.1"],
  ])("FWD-03, FWD-04: with X-Forwarded-For %j the client in the log is %s", async (value, client) => {
    await trusting.ask("/public", { headers: [["X-Forwarded-For", value]] });

    expect(lastRequest(trusting)["client"]).toBe(client);
  });

  test.each([
    ["X-Forwarded-Host", "a.test, b.test"],
    ["X-Forwarded-Host", "app.test, app.test"],
    ["X-Forwarded-Host", "user@app.test"],
    ["X-Forwarded-Host", "app.test/public"],
    ["X-Forwarded-Host", "app.test:99999"],
    ["X-Forwarded-Proto", "javascript"],
    ["X-Forwarded-Proto", "https, http"],
    ["X-Forwarded-Proto", "https://"],
    ["X-Forwarded-Proto", "data:"],
  ])("FWD-05: %s: %s is 400, and no Location is made of it", async (name, value) => {
    const { answer, seen } = await trusting.pass("/public", { headers: [[name, value]] });

    expect(answer.status).toBe(400);
    expect(header(answer, "location")).toBe("");
    expect(seen).toBeNull();
  });

  test("FWD-05: two lines of one forwarded header are 400", async () => {
    const headers: HeaderLines = [
      ["X-Forwarded-Proto", "http"],
      ["X-Forwarded-Proto", "https"],
    ];

    expect((await trusting.ask("/public", { headers })).status).toBe(400);
  });

  test("FWD-08: only documented headers count; prefix, port and aliases change nothing", async () => {
    const headers: HeaderLines = [
      ["X-Forwarded-Prefix", "/public"],
      ["X-Forwarded-Port", "444"],
      ["X-Forwarded_Uri", "/public"],
      ["X.Forwarded.Host", "other.test"],
      ["Forwarded", "host=other.test;proto=https"],
      ["X-Original-Host", "other.test"],
    ];
    const answer = await trusting.ask("/admin", { headers });

    expect(answer.status).toBe(302);
    expect(header(answer, "location")).toBe(
      "http://app.test/outpost.goauthentik.io/start?rd=http%3A%2F%2Fapp.test%2Fadmin",
    );
  });

  test("FWD-12, FWD-13: its X-Forwarded-Host in capitals is found, another host belongs to no provider", async () => {
    expect((await trusting.ask("/public", { host: "x", headers: [["X-Forwarded-Host", "APP.TEST."]] })).status).toBe(
      200,
    );
    const unknown = await trusting.ask("/public", { headers: [["X-Forwarded-Host", "other.test"]] });
    expect(unknown.status).toBe(400);
    expect(header(unknown, "location")).toBe("");
  });

  test("LEAK-07: X-Request-Id is kept from a trusted peer when it is harmless, and made otherwise", async () => {
    const id = async (app: GuardedApp, value: string) => {
      const answer = await app.ask("/outpost.goauthentik.io/callback", {
        headers: [
          ["X-Request-Id", value],
          ["Accept", "application/json"],
        ],
      });
      const request: unknown = JSON.parse(answer.body);
      return typeof request === "object" && request !== null && "request_id" in request ? request.request_id : null;
    };

    expect(await id(trusting, "trace-0123456789")).toBe("trace-0123456789");
    expect(await id(trusting, "<script>alert(1)</script>")).toMatch(/^[0-9a-f]{16}$/);
    expect(await id(wary, "trace-0123456789")).toMatch(/^[0-9a-f]{16}$/);
  });
});

test("FWD-11, FWD-13: hosts beside the external one belong to no provider", async () => {
  for (const host of ["xapp.test", "app.test.evil.test", "test", "app.tes", "sub.app.test"]) {
    expect((await wary.ask("/public", { host })).status).toBe(400);
  }
});
