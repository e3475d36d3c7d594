import { describe, expect, test } from "bun:test";
import { acceptedHeaders } from "../../../src/core/http/client-headers.ts";
import { firstValue, type HeaderLines } from "../../../src/core/http/header-lines.ts";
import { noAkProxyTable } from "../../../src/core/identity/ak-proxy.ts";
import type { Identity } from "../../../src/core/identity.ts";
import type { ProxyProvider } from "../../../src/core/provider.ts";
import type { InboundRequest } from "../../../src/core/request.ts";
import { joinTarget, planUpstreamRequest, type UpstreamRequest } from "../../../src/core/upstream/upstream-request.ts";
import { alice, alicesHeaders, aliceWith, inbound, outpost, proxyProvider, upstream } from "../../fakes/samples.ts";

function sent(
  request: InboundRequest,
  identity: Identity | null = alice(),
  provider: ProxyProvider = proxyProvider(),
): UpstreamRequest {
  const plan = planUpstreamRequest(request, provider, { identity, outpost, timeoutSeconds: 60 });
  if (plan.kind !== "send") throw new Error(plan.reason);
  return plan.request;
}

const values = (request: { readonly headers: HeaderLines }, name: string) =>
  request.headers.filter(([other]) => other.toLowerCase() === name.toLowerCase()).map(([, value]) => value);

const withHeaders = (...headers: HeaderLines) => inbound({ headers: [["Host", "app.test"], ...headers] });

test("a plain GET of alice, whole", () => {
  const { own, ...request } = sent(withHeaders(["Accept", "*/*"], ["Cookie", "a=1"]));

  expect(own).toEqual(request.headers.slice(-12));
  expect<Omit<UpstreamRequest, "own">>(request).toEqual({
    method: "GET",
    upstream,
    target: "/",
    headers: [
      ["Host", "app.test"],
      ["Accept", "*/*"],
      ["Cookie", "a=1"],
      ["X-Forwarded-For", "192.0.2.7"],
      ["X-Forwarded-Host", "app.test"],
      ["X-Forwarded-Proto", "https"],
      ...alicesHeaders,
    ],
    timeoutSeconds: 60,
  });
});

describe("strip, then set", () => {
  test.each([
    ["X-authentik-username"],
    ["x-authentik-username, X-authentik-meta-app"],
    ["close, X-Authentik-Username ,X-Forwarded-For, host"],
  ])("HDR-07: Connection %j can't take away what we say", (connection) => {
    const request = sent(withHeaders(["Connection", connection], ["X-authentik-username", "root"]));

    expect(values(request, "X-authentik-username")).toEqual(["alice"]);
    expect(values(request, "X-authentik-meta-app")).toEqual(["app"]);
    expect(values(request, "X-Forwarded-For")).toEqual(["192.0.2.7"]);
    expect(values(request, "Host")).toEqual(["app.test"]);
    expect(values(request, "Connection")).toEqual([]);
  });

  test("HDR-08: what any Connection line nominates is gone", () => {
    const request = sent(withHeaders(["Connection", ""], ["Connection", "X-Foo"], ["X-Foo", "1"]));

    expect(values(request, "X-Foo")).toEqual([]);
    expect(values(request, "Connection")).toEqual([]);
  });

  test("HDR-06: a header that an attribute sets replaces the client's in every spelling", () => {
    const identity = aliceWith({ additionalHeaders: { "x-test-header": "ours" } });
    const request = sent(
      withHeaders(["X_Test_Header", "evil"], ["X.Test.Header", "evil"], ["X-TEST-HEADER", "evil"]),
      identity,
    );

    expect(request.headers.filter(([name]) => /^x.test.header$/i.test(name))).toEqual([["x-test-header", "ours"]]);
  });

  test("an injected Basic credential replaces the client's Authorization; without one it is the application's", () => {
    const provider = proxyProvider({ basicAuth: { userAttribute: "u", passwordAttribute: "p" } });
    const request = withHeaders(["Authorization", "Bearer mine"]);

    expect(values(sent(request, aliceWith({ u: "svc", p: "x" }), provider), "Authorization")).toEqual([
      "Basic c3ZjOng=",
    ]);
    expect(values(sent(request), "Authorization")).toEqual(["Bearer mine"]);
  });

  test("HDR-02: on a public path nothing of X-authentik is sent, ours or the client's", () => {
    const request = inbound({
      headers: acceptedHeaders(
        [
          ["Host", "app.test"],
          ["X-authentik-username", "root"],
          ["X_authentik_uid", "0"],
        ],
        "trusted",
      ),
    });

    expect(sent(request, null).headers.map(([name]) => name)).toEqual([
      "Host",
      "X-Forwarded-For",
      "X-Forwarded-Host",
      "X-Forwarded-Proto",
    ]);
  });

  test("HDR-16: our cookies are gone, the others stay byte for byte", () => {
    const cookie = 'a=1; __Host-akproxy_app=secret; b="2 3"; akproxy_other=x; __Secure-akproxy_z_login_1_abc=y';

    expect(values(sent(withHeaders(["Cookie", cookie])), "Cookie")).toEqual(['a=1; b="2 3"']);
    expect(values(sent(withHeaders(["Cookie", "__Host-akproxy_app=secret"])), "Cookie")).toEqual([]);
  });
});

describe("X-Forwarded-*", () => {
  test("FWD-01: an untrusted peer's are dropped whole before ours are set", () => {
    const headers = acceptedHeaders(
      [
        ["Host", "app.test"],
        ["X-Forwarded-For", "1.1.1.1"],
        ["X-Forwarded-Proto", "http"],
        ["X-Forwarded-Port", "1"],
        ["Forwarded", "for=1.1.1.1"],
        ["X-Real-IP", "1.1.1.1"],
      ],
      "untrusted",
    );
    const request = sent(inbound({ headers }), null);

    expect(request.headers).toEqual([
      ["Host", "app.test"],
      ["X-Forwarded-For", "192.0.2.7"],
      ["X-Forwarded-Host", "app.test"],
      ["X-Forwarded-Proto", "https"],
    ]);
  });

  test("decision 37: a trusted peer's X-Forwarded-For is appended to, its other facts are replaced by what was believed", () => {
    const request = sent(
      inbound({
        headers: [
          ["Host", "inner"],
          ["X-Forwarded-For", "9.9.9.9"],
          ["x-forwarded-for", " 10.0.0.9 "],
          ["X-Forwarded-Host", "app.test"],
          ["X-Forwarded-Proto", "wss"],
        ],
        hostHeader: "app.test",
        hostSource: "X-Forwarded-Host",
        peerAddress: "10.0.0.1",
        peerIsTrusted: true,
      }),
      null,
    );

    expect(request.headers).toEqual([
      ["Host", "app.test"],
      ["X-Forwarded-For", "9.9.9.9, 10.0.0.9, 10.0.0.1"],
      ["X-Forwarded-Host", "app.test"],
      ["X-Forwarded-Proto", "https"],
    ]);
  });

  test("behind a unix socket there is no peer to add", () => {
    const headers: HeaderLines = [
      ["Host", "app.test"],
      ["X-Forwarded-For", "9.9.9.9"],
    ];

    expect(values(sent(inbound({ headers, peerAddress: "" })), "X-Forwarded-For")).toEqual(["9.9.9.9"]);
  });
});

describe("Host (decision 3)", () => {
  const named = (hostHeader: string | null) =>
    alice({ proxy: { backendOverride: null, hostHeader, userAttributes: {} } });
  const client = inbound({ hostHeader: "App.Test:443", headers: [["Host", "App.Test:443"]] });

  test.each([
    ["the client's, as sent", null, null, "App.Test:443"],
    ["the config's", "inner.test", null, "inner.test"],
    ["the claim's over the config's", "inner.test", "mine.test:8080", "mine.test:8080"],
    ["the upstream's own by the config", "{internal_host}", null, "127.0.0.1:8080"],
    ["the upstream's own by the claim", null, "{internal_host}", "127.0.0.1:8080"],
  ])("is %s", (_which, config, claim, host) => {
    const request = sent(client, named(claim), proxyProvider({ hostHeader: config }));

    expect(values(request, "Host")).toEqual([host]);
    expect(values(request, "X-Forwarded-Host")).toEqual(["App.Test:443"]);
  });

  test("on a public path the config's host_header holds, too", () => {
    expect(values(sent(client, null, proxyProvider({ hostHeader: "inner.test" })), "Host")).toEqual(["inner.test"]);
  });

  test.each([["a\r\nX: 1"], ["a, b"], ["a/b"], ["u@h"], [" "], ["h#"]])(
    "UPS-05: the claim %j is not a host: ignored with a warning",
    (claim) => {
      const plan = planUpstreamRequest(client, proxyProvider(), { identity: named(claim), outpost, timeoutSeconds: 0 });

      expect(plan.kind === "send" && values(plan.request, "Host")).toEqual(["App.Test:443"]);
      expect(plan.kind === "send" && plan.warnings).toEqual([
        "ak_proxy.host_header is not a host: the client's Host is sent",
      ]);
    },
  );
});

test.each([
  ["", "", "/a?b=c", "/a?b=c"],
  ["/base", "", "/", "/base/"],
  ["/base", "", "/a/%2e?b=%2f", "/base/a/%2e?b=%2f"],
  ["/base", "k=v", "/a", "/base/a?k=v"],
  ["/base", "k=v", "/a?b=c", "/base/a?k=v&b=c"],
  ["", "k=v", "/?", "/?k=v"],
  ["/base", "", "/a?", "/base/a"],
  ["/base", "", "//a", "/base//a"],
])("decision 3: base %j with query %j and target %j is %j", (basePath, baseQuery, target, joined) => {
  expect(joinTarget({ ...upstream, basePath, baseQuery }, target)).toBe(joined);
});

const overriddenTo = (backendOverride: string) =>
  alice({ proxy: { backendOverride, hostHeader: null, userAttributes: {} } });
const fooHosts: ProxyProvider["overrideHosts"] = [{ kind: "host", hostname: "foo.bar.baz", port: null }];
const planFor = (identity: Identity, target: string, different: Partial<ProxyProvider> = {}) =>
  planUpstreamRequest(inbound({ target }), proxyProvider({ overrideHosts: fooHosts, ...different }), {
    identity,
    outpost,
    timeoutSeconds: 0,
  });

test("UPS-01: a claim that asks for another upstream is refused without a list of hosts, and the default one is not used instead", () => {
  const plan = planFor(overriddenTo("http://evil.test"), "/", { overrideHosts: [] });

  expect(plan).toEqual({
    kind: "refused",
    reason:
      'provider "app": ak_proxy.backend_override names another upstream: add backend_override_hosts = ["evil.test"] beside it to allow this',
  });
});

test("proxy-provider: the documented example sends a user's requests below their own path of another host", () => {
  const plan = planFor(overriddenTo("http://foo.bar.baz/alice"), "/x?y=1");

  expect(plan).toMatchObject({
    kind: "send",
    request: {
      target: "/alice/x?y=1",
      upstream: { scheme: "http", hostAndPort: "foo.bar.baz", basePath: "/alice", reach: "no_link_local" },
    },
  });
});

test("{internal_host} is the override's own host where there is one", () => {
  const plan = planFor(overriddenTo("http://foo.bar.baz:8080/alice"), "/", { hostHeader: "{internal_host}" });

  expect(plan.kind === "send" && firstValue(plan.request.headers, "host")).toBe("foo.bar.baz:8080");
});

test.each([
  "/../bob",
  "/%2e%2e/bob",
  "/a/..%2fbob",
  "/..;/bob",
  "/%252e%252e/bob",
  "/x/..",
  "/..\\bob",
  "/.%2e%3b/bob",
])("UPS-04: %s does not lead out of the base path of an override", (target) => {
  expect(planFor(overriddenTo("http://foo.bar.baz/alice"), target)).toMatchObject({ kind: "refused" });
  expect(planFor(overriddenTo("http://foo.bar.baz"), target)).toMatchObject({ kind: "send" });
});

test.each(["/a..b", "/..a/x", "/x?y=/../z", "/a%2fb"])("%s stays within a base path and is sent", (target) => {
  expect(planFor(overriddenTo("http://foo.bar.baz/alice"), target)).toMatchObject({ kind: "send" });
});

test("M2M-15: where a Basic credential can't be injected, the client's own Authorization does not take its place", () => {
  const identity = aliceWith({ app_user: "a:b", app_password: "secret" });
  const provider = proxyProvider({ basicAuth: { userAttribute: "app_user", passwordAttribute: "app_password" } });
  const request = inbound({ headers: [["Authorization", "Basic Zm9v"]] });

  const plan = planUpstreamRequest(request, provider, { identity, outpost, timeoutSeconds: 0 });
  const asNobody = planUpstreamRequest(request, provider, { identity: null, outpost, timeoutSeconds: 0 });

  expect(plan.kind === "send" && firstValue(plan.request.headers, "authorization")).toBeNull();
  expect(plan.kind === "send" && plan.warnings).toHaveLength(1);
  expect(asNobody.kind === "send" && firstValue(asNobody.request.headers, "authorization")).toBe("Basic Zm9v");
});

test("HDR-06: a client can't send the config's additionalHeaders where nobody is logged in", () => {
  const text = { kind: "text", template: { source: "", parts: [] } } as const;
  const headers = { kind: "table", entries: { "X-App-User": text } } as const;
  const akProxy = { ...noAkProxyTable, userAttributes: { additionalHeaders: headers } };
  const request = inbound({
    headers: [
      ["x-app-USER", "root"],
      ["X-Other", "1"],
    ],
  });

  const plan = planUpstreamRequest(request, proxyProvider({ akProxy }), { identity: null, outpost, timeoutSeconds: 0 });

  expect(plan.kind === "send" && firstValue(plan.request.headers, "x-app-user")).toBeNull();
  expect(plan.kind === "send" && firstValue(plan.request.headers, "x-other")).toBe("1");
});
