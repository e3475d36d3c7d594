import { describe, expect, test } from "bun:test";
import type { OverrideHost } from "../../../src/core/provider.ts";
import { overriddenUpstream } from "../../../src/core/upstream/backend-override.ts";
import { upstream } from "../../fakes/samples.ts";

const host = (hostname: string, port: number | null = null): OverrideHost => ({ kind: "host", hostname, port });
const foo = [host("foo.test")];
const any: readonly OverrideHost[] = [{ kind: "any" }];

function reasonFor(override: string, hosts: readonly OverrideHost[] = foo): string {
  const chosen = overriddenUpstream(override, upstream, hosts);
  return chosen.kind === "upstream" ? "followed" : chosen.reason;
}

test("an override has its own scheme, host and base path, and the TLS settings of internal_host but its name", () => {
  const base = { ...upstream, unixPath: "/run/x", baseQuery: "a=b", caPem: "PEM", serverName: "inner.test" };

  const chosen = overriddenUpstream("HTTPS://Foo.Test:8443/alice/%C3%A4/", base, foo);

  expect(chosen).toEqual({
    kind: "upstream",
    upstream: {
      scheme: "https",
      hostAndPort: "foo.test:8443",
      unixPath: null,
      basePath: "/alice/%C3%A4",
      baseQuery: "",
      verifyTls: true,
      caPem: "PEM",
      serverName: null,
      reach: "no_link_local",
    },
  });
});

test("the host is its name without the default port and a trailing dot", () => {
  const chosen = overriddenUpstream("https://FOO.test.:443/", upstream, foo);

  expect(chosen.kind === "upstream" && chosen.upstream.hostAndPort).toBe("foo.test");
});

test("a path beyond ASCII is escaped", () => {
  const chosen = overriddenUpstream("http://foo.test/jörg", upstream, foo);

  expect(chosen.kind === "upstream" && chosen.upstream.basePath).toBe("/j%C3%B6rg");
});

describe("UPS-03, UPS-04, UPS-06: an override that is no plain http URL of a host and a path is not followed", () => {
  test.each([
    "",
    "foo.test",
    "//foo.test/",
    "file:///etc/passwd",
    "unix:/run/docker.sock",
    "ftp://foo.test/",
    "http:foo.test",
    "http:/foo.test",
    "http:///foo.test",
    "http://u@foo.test/",
    "http://u:p@foo.test/",
    "http://foo.test@evil.test/",
    "http://foo.test/?a=b",
    "http://foo.test/?",
    "http://foo.test?a",
    "http://foo.test/#f",
    "http://foo.test#",
    "http://foo.test\\@evil.test/",
    "http://foo.test:99999/",
    "http://foo.test:/",
    "http://foo..test/",
    "http://[::1",
    "http://foo.test/a b",
    "http://foo.test/a\r\nb",
    "\thttp://foo.test/",
    "http://f\too.test/",
    "http://foo.test/{claim}",
    "http://{claim}.test/",
    "http://foo.test/../x",
    "http://foo.test/a/../../x",
    "http://foo.test/./x",
    "http://foo.test/%2e%2e/x",
    "http://foo.test/%252e%252e/x",
    "http://foo.test/..;/x",
    "http://foo.test/a%2fb",
    "http://foo.test/a%5cb",
    "http://foo.test/a\\b",
    "http://foo.test/%",
    "http://foo.test/%00",
    "http://foo.test/%3f",
    "http://foo.test//evil.test",
    "http://foo.test\u3002evil.test/",
  ])("%j", (override) => {
    expect(reasonFor(override)).toStartWith("backend_override ");
    expect(reasonFor(override, any)).not.toBe("followed");
  });
});

test.each([
  "http://0x7f.1/",
  "http://2130706433/",
  "http://0177.0.0.1/",
  "http://127.1/",
  "http://[0:0:0:0:0:0:0:1]/",
  "http://0xa9fea9fe/",
  "http://169.254.43518/",
])("UPS-02: %s is an address in an odd spelling", (override) => {
  expect(reasonFor(override, any)).toBe("backend_override has an address in an unusual spelling");
});

describe("decision 20, 31: which hosts may be named", () => {
  test.each([
    ["http://foo.test/", foo],
    ["http://foo.test:1234/", foo],
    ["http://FOO.test./", foo],
    ["http://foo.test:8080/", [host("foo.test", 8080)]],
    ["http://foo.test/", [host("foo.test", 80)]],
    ["https://foo.test/", [host("foo.test", 443)]],
    ["http://a.svc.local/", [{ kind: "below", suffix: "svc.local" }]],
    ["http://a.b.svc.local:81/", [{ kind: "below", suffix: "svc.local" }]],
    ["http://anything.test/", any],
    ["http://127.0.0.1:8080/", [host("127.0.0.1")]],
    ["http://localhost/", [host("localhost")]],
    ["http://[::1]/", [host("[::1]")]],
    ["http://10.0.0.1/", any],
  ] as const)("%s is, by %j", (override, hosts) => {
    expect(reasonFor(override, hosts)).toBe("followed");
  });

  test.each([
    ["http://evil.test/", foo],
    ["http://foo.test.evil.test/", foo],
    ["http://xfoo.test/", foo],
    ["http://foo.test:8081/", [host("foo.test", 8080)]],
    ["https://foo.test/", [host("foo.test", 80)]],
    ["http://svc.local/", [{ kind: "below", suffix: "svc.local" }]],
    ["http://evilsvc.local/", [{ kind: "below", suffix: "svc.local" }]],
    ["http://127.0.0.1/", any],
    ["http://localhost/", any],
    ["http://app.localhost/", [{ kind: "below", suffix: "localhost" }]],
    ["http://[::1]/", any],
    ["http://0.0.0.0/", any],
    ["http://[::ffff:7f00:1]/", any],
    ["http://169.254.169.254/", any],
    ["http://169.254.169.254/", [host("169.254.169.254")]],
    ["http://[fe80::1]/", [host("[fe80::1]")]],
    ["http://[fd00:ec2::254]/", any],
  ] as const)("%s is not, by %j", (override, hosts) => {
    expect(reasonFor(override, hosts)).toStartWith("backend_override ");
  });

  test("without a list the reason has the line to add", () => {
    expect(reasonFor("http://foo.test:8080/alice", [])).toBe(
      'backend_override names another upstream: add backend_override_hosts = ["foo.test"] beside it to allow this',
    );
  });

  test("loopback is reached only by an entry that names the host", () => {
    const byName = overriddenUpstream("http://foo.test/", upstream, [...any, ...foo]);
    const byStar = overriddenUpstream("http://foo.test/", upstream, any);

    expect(byName.kind === "upstream" && byName.upstream.reach).toBe("no_link_local");
    expect(byStar.kind === "upstream" && byStar.upstream.reach).toBe("no_loopback");
  });
});
