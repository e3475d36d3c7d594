import { afterAll, describe, expect, test } from "bun:test";
import type { HeaderLines } from "../../src/core/http/header-lines.ts";
import { identityHeaderNames } from "../../src/core/identity/identity-fields.ts";
import { header, headerValues } from "../fakes/raw-client.ts";
import type { RecordedRequest } from "../fakes/upstream.ts";
import { startGuardedApp } from "./guarded-app.ts";

const users = {
  alice: {
    preferred_username: "alice",
    email: "alice@example.test\u0000",
    name: "\u5c71\u7530 Zo\u00eb",
    groups: ["admins", "x|root", "a\r\nX-Admin: 1", "staff"],
    entitlements: ["demo"],
    ak_proxy: {
      user_attributes: {
        additionalHeaders: {
          "x-test-header": "ours",
          "Content-Length": "9",
          "Transfer-Encoding": "chunked",
          "X-authentik-meta-app": "root",
          "Bad Name": "x",
          Cookie: "akproxy_app=x",
        },
      },
    },
  },
};

const app = await startGuardedApp({ users, provider: 'skip_path_regex = ["^/public"]' }, () => ({
  headers: [
    ["Set-Cookie", "akproxy_app=stolen; Path=/"],
    ["Set-Cookie", "theirs=1"],
    ["set-cookie", " akproxy_app_login_1_abcdefghijkl=x"],
    ["Set-Cookie", "__Host-akproxy_other=x"],
    ["Set-Cookie", "also=2; HttpOnly"],
    ["X-authentik-jwt", "leaked"],
    ["X-Authentik-Username", "alice"],
    ["X_authentik_jwt", "leaked"],
    ["X.authentik-uid", "leaked"],
    ["X-Own", "kept"],
  ],
}));
afterAll(() => app.stop());

async function seen(target: string, as: "alice" | "nobody", headers: HeaderLines): Promise<RecordedRequest> {
  const { seen: request } = await app.pass(target, { as, headers });
  if (request === null) throw new Error(`${target} did not reach the upstream`);
  return request;
}

const identityLines = (request: RecordedRequest) =>
  request.headers.filter(([name]) => /authentik/i.test(name)).map(([name]) => name.toLowerCase());

const everyName = identityHeaderNames.map((name) => name.toLowerCase()).toSorted();

const spoofs: readonly (readonly [string, HeaderLines])[] = [
  [
    "HDR-01: an identity and a header of the future",
    [
      ["X-authentik-username", "root"],
      ["X-authentik-future", "1"],
    ],
  ],
  ["HDR-01: in capitals", [["X-AUTHENTIK-USERNAME", "root"]]],
  [
    "HDR-03: underscore twins",
    [
      ["X_authentik_username", "root"],
      ["x-authentik_username", "root"],
      ["X_AUTHENTIK-uid", "0"],
    ],
  ],
  [
    "HDR-04: dots and other token characters",
    [
      ["X.authentik.username", "root"],
      ["X~authentik!username", "root"],
      ["x'authentik+uid", "0"],
      ["x$authentik$uid", "0"],
    ],
  ],
  [
    "HDR-05: twice, in mixed case",
    [
      ["X-authentik-groups", "a"],
      ["x-AUTHENTIK-GROUPS", "b"],
    ],
  ],
  [
    "HDR-07: nominated by Connection",
    [
      ["Connection", "X-authentik-username, X-authentik-meta-app"],
      ["X-authentik-username", "root"],
    ],
  ],
  [
    "HDR-07: nominated by a second Connection line",
    [
      ["Connection", "close"],
      ["Connection", "x-authentik-uid ,\tX-Authentik-Groups"],
    ],
  ],
  ["HDR-12: for a claim that nobody has", [["X-authentik-email", "root@example.test"]]],
];

describe("identity headers that a client sends", () => {
  test.each(spoofs)("%s never reaches the upstream beside alice's session", async (_name, headers) => {
    const request = await seen("/x", "alice", headers);

    expect(identityLines(request).sort()).toEqual(everyName);
    expect(headerValues(request, "x-authentik-username")).toEqual(["alice"]);
    expect(headerValues(request, "x-authentik-groups")).toEqual(["admins|staff"]);
    expect(headerValues(request, "x-authentik-email")).toEqual(["alice@example.test"]);
    expect(JSON.stringify(request.headers)).not.toContain("root");
  });

  test.each(spoofs)("HDR-02: %s never reaches the upstream on a public path", async (_name, headers) => {
    const request = await seen("/public", "nobody", headers);

    expect(identityLines(request)).toEqual([]);
  });

  test("HDR-02: on a public path the upstream receives the identity of the session, not headers of the client", async () => {
    const request = await seen("/public", "alice", [["X-authentik-username", "root"]]);

    expect(headerValues(request, "x-authentik-username")).toEqual(["alice"]);
  });

  test("HDR-06: a header that an attribute sets has one line, that of akproxy", async () => {
    const request = await seen("/x", "alice", [
      ["X_Test_Header", "evil"],
      ["X.Test.Header", "evil"],
      ["X-Test-Header", "evil"],
    ]);

    expect(request.headers.filter(([name]) => /^x.test.header$/i.test(name))).toEqual([["x-test-header", "ours"]]);
  });

  test("HDR-08: headers that Connection names are removed, and Connection itself too", async () => {
    const request = await seen("/x", "alice", [
      ["Connection", ""],
      ["Connection", "X-Foo"],
      ["X-Foo", "1"],
      ["Keep-Alive", "x"],
      ["TE", "trailers"],
      ["Proxy-Authorization", "Basic eDp5"],
      ["Proxy-Connection", "x"],
      ["Proxy", "http://evil.test"],
    ]);

    const names = request.headers.map(([name]) => name.toLowerCase());
    expect(names).not.toContain("x-foo");
    expect(names.filter((name) => /^(keep-alive|te|proxy.*|upgrade)$/.test(name))).toEqual([]);
    expect(headerValues(request, "connection").filter((value) => /x-foo/i.test(value))).toEqual([]);
  });
});

describe("values of claims", () => {
  test("HDR-09: a name outside ASCII is sent as the UTF-8 bytes of it", async () => {
    const request = await seen("/x", "alice", [["X-authentik-name", "root"]]);

    expect(headerValues(request, "x-authentik-name")).toEqual(["\u00e5\u00b1\u00b1\u00e7\u0094\u00b0 Zo\u00c3\u00ab"]);
  });

  test("HDR-10, HDR-11: neither a line break nor a separator in a claim makes a header or a group", async () => {
    const request = await seen("/x", "alice", []);

    expect(request.headers.map(([name]) => name.toLowerCase())).not.toContain("x-admin");
    expect(headerValues(request, "x-authentik-groups")).toEqual(["admins|staff"]);
    expect(headerValues(request, "x-authentik-email")).toEqual(["alice@example.test"]);
  });

  test("HDR-13: additional headers name no framing, cookie or meta header, and the request stays whole", async () => {
    const { answer, seen: request } = await app.pass("/x", {
      method: "POST",
      as: "alice",
      headers: [["Content-Length", "5"]],
      body: "hello",
    });

    expect(answer.status).toBe(200);
    expect(request?.body).toBe("hello");
    expect(request === null ? [] : headerValues(request, "x-authentik-meta-app")).toEqual(["app"]);
    expect(request?.headers.map(([name]) => name.toLowerCase())).not.toContain("cookie");
    expect(request?.headers.filter(([name]) => /bad/i.test(name))).toEqual([]);
  });

  test("HDR-17: the raw token is sent, as decision 2 has it", async () => {
    const request = await seen("/x", "alice", []);

    expect(header(request, "x-authentik-jwt").split(".")).toHaveLength(3);
  });
});

describe("cookies", () => {
  test("HDR-16: akproxy's cookies never reach the upstream, the others do byte for byte", async () => {
    const { seen: request } = await app.pass("/x", {
      headers: [["Cookie", `a=1; ${app.session}; b="2 3"; akproxy_app_login_1_abcdefghijkl=x; c=\u00c3\u00a9%zz`]],
    });

    expect(request === null ? [] : headerValues(request, "cookie")).toEqual(['a=1; b="2 3"; c=\u00c3\u00a9%zz']);
  });

  test("HDR-16: a cookie of akproxy without a session is removed on a public path too", async () => {
    const request = await seen("/public", "nobody", [
      ["Cookie", "akproxy_app=old; AKPROXY_APP=x; __Host-akproxy_app=y; a=1"],
    ]);

    expect(headerValues(request, "cookie")).toEqual(["a=1"]);
  });

  test("HDR-15: an upstream sets neither our cookies nor identity headers at the browser; its own cookies stay apart", async () => {
    const answer = await app.ask("/x", { as: "alice" });

    expect(headerValues(answer, "set-cookie")).toEqual(["theirs=1", "also=2; HttpOnly"]);
    expect(answer.headers.filter(([name]) => /authentik/i.test(name))).toEqual([]);
    expect(header(answer, "x-own")).toBe("kept");
  });
});

test("HDR-14 in proxy mode: without a session no identity header is sent", async () => {
  const before = app.upstream.requests.length;
  const answer = await app.ask("/x", { headers: [["X-authentik-username", "root"]] });

  expect(answer.status).toBe(302);
  expect(answer.headers.filter(([name]) => /authentik/i.test(name))).toEqual([]);
  expect(app.upstream.requests.length).toBe(before);
});
