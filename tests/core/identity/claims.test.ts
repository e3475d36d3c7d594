import { expect, test } from "bun:test";
import {
  type Claims,
  claimAt,
  identityFromClaims,
  mergedClaims,
  missingClaims,
} from "../../../src/core/identity/claims.ts";
import { byClaimKey, type ClaimPaths } from "../../../src/core/identity/identity-fields.ts";
import type { Identity } from "../../../src/core/identity.ts";
import { alice } from "../../fakes/samples.ts";

const paths: ClaimPaths = byClaimKey(({ claim }) => claim);

function read(claims: Claims, over: Partial<ClaimPaths> = {}): { identity: Identity; warnings: readonly string[] } {
  const outcome = identityFromClaims({ sub: "u1", ...claims }, { ...paths, ...over }, "https://idp.test", "raw");
  if (outcome.kind === "refused") throw new Error(outcome.reason);
  return outcome;
}

function reasonOf(claims: Claims): string {
  const outcome = identityFromClaims(claims, paths, "https://idp.test", "raw");
  return outcome.kind === "identity" ? "accepted" : outcome.reason;
}

test("the claims of authentik's default mappings become an identity", () => {
  const outcome = identityFromClaims(
    {
      sub: "u1",
      preferred_username: "alice",
      email: "alice@example.test",
      name: "Alice Example",
      groups: ["admins", "staff"],
      entitlements: ["demo"],
      sid: "s1",
      ak_proxy: { user_attributes: { app_username: "svc-alice" }, is_superuser: true },
    },
    paths,
    "https://idp.test/",
    "header.payload.signature",
  );

  expect(outcome).toEqual({
    kind: "identity",
    warnings: [],
    identity: alice({
      subject: "u1",
      uid: "u1",
      idpSession: "s1",
      proxy: { backendOverride: null, hostHeader: null, userAttributes: { app_username: "svc-alice" } },
    }),
  });
});

test("HDR-12: absent claims are empty", () => {
  const { identity, warnings } = read({ email: null });

  expect([identity.username, identity.email, identity.name]).toEqual(["", "", ""]);
  expect([identity.groups, identity.entitlements]).toEqual([[], []]);
  expect(identity.idpSession).toBeNull();
  expect(warnings).toEqual([]);
});

test.each([
  [{}, 'claim "sub" is not a non-empty string'],
  [{ sub: 0 }, 'claim "sub" is not a non-empty string'],
  [{ sub: "" }, 'claim "sub" is not a non-empty string'],
  [{ sub: null }, 'claim "sub" is not a non-empty string'],
  [{ sub: ["u1"] }, 'claim "sub" is not a non-empty string'],
  [{ sub: "u1\n" }, 'claim "sub" holds control characters'],
])("JWT-09: %j has no usable subject", (claims: Claims, reason) => {
  expect(reasonOf(claims)).toBe(reason);
});

test("OIDC-13: the subject is sub whatever the email says", () => {
  const { identity } = read({ email: "a@evil.com@corp.com", email_verified: false });

  expect([identity.subject, identity.uid]).toEqual(["u1", "u1"]);
});

test("an object of objects is the list of its keys, as Zitadel has its roles", () => {
  const roles = { admin: { "163840776835432705": "acme.zitadel.test" }, "x|y": {} };

  const { identity } = read(
    { "urn:zitadel:iam:org:project:roles": roles },
    { groups: "urn:zitadel:iam:org:project:roles" },
  );

  expect(identity.groups).toEqual(["admin"]);
});

test("a dotted path reaches inside", () => {
  const { identity } = read({ realm_access: { roles: ["a", "b"] } }, { groups: "realm_access.roles" });

  expect(identity.groups).toEqual(["a", "b"]);
});

test.each([
  [{ "https://app.example/roles": "x" }, "https://app.example/roles", "x"],
  [{ "a.b": 1, a: { b: 2 } }, "a.b", 1],
  [{ a: { "b.c": { d: "deep" } } }, "a.b.c.d", "deep"],
  [{ "a.b": { x: 1 }, a: { b: { c: 2 } } }, "a.b.c", 2],
  [{ a: "text" }, "a.length", null],
  [{ a: [{ b: 1 }] }, "a.0.b", null],
  [{ a: null }, "a.b", null],
  [{}, "a..b", null],
])("in %j the path %s leads to %j", (claims: Claims, path, value) => {
  expect(claimAt(claims, path)).toEqual(value);
});

test("JWT-09: no path reaches a prototype", () => {
  const found = ["constructor", "__proto__", "toString", "a.constructor.name", "a.__proto__"].map((path) =>
    claimAt({ a: {} }, path),
  );

  expect(found).toEqual([null, null, null, null, null]);
});

test("JWT-09: __proto__ and constructor in user attributes pollute nothing and are not kept", () => {
  const claims: Claims = JSON.parse(
    '{"__proto__":{"polluted":1},"ak_proxy":{"user_attributes":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"a":{"__proto__":{"polluted":1},"b":1}}}}',
  );

  const { identity } = read(claims);

  expect(JSON.stringify(identity.proxy.userAttributes)).toBe('{"a":{"b":1}}');
  expect(Object.getPrototypeOf(identity.proxy.userAttributes)).toBeNull();
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined(); // as: to look for a key that must not be there
});

test.each([
  ["staff", ["staff"], []],
  [["a", 1, { b: 2 }, null, "", "c"], ["a", "c"], ['claim "groups": 4 of 6 items dropped']],
  [{ a: 1 }, [], ['claim "groups" is not an array of strings and is left empty']],
  [7, [], ['claim "groups" is not an array of strings and is left empty']],
  [[["nested"]], [], ['claim "groups": 1 of 1 items dropped']],
])("JWT-09: groups %j become %j", (groups, kept: readonly string[], warnings: readonly string[]) => {
  const outcome = read({ groups });

  expect(outcome.identity.groups).toEqual(kept);
  expect(outcome.warnings.map((warning) => warning.replace(/ \(.*/, ""))).toEqual([...warnings]);
});

test("JWT-09: of a list past ten thousand items the rest is dropped", () => {
  const { identity, warnings } = read({ groups: Array.from({ length: 10_001 }, (_one, index) => `g${index}`) });

  expect(identity.groups).toHaveLength(10_000);
  expect(warnings[0]).toStartWith('claim "groups": 1 of 10001 items dropped');
});

test("HDR-11: a group or entitlement that holds the separator is dropped", () => {
  const { identity, warnings } = read({ groups: ["x|admins", "staff"], entitlements: "a|b" });

  expect([identity.groups, identity.entitlements]).toEqual([["staff"], []]);
  expect(warnings).toHaveLength(2);
});

test("HDR-10: control characters are removed from scalars and drop a group", () => {
  const { identity, warnings } = read({
    email: "a\u0000@b.test",
    name: "A\r\nX-Admin: 1\u0085\u007f",
    groups: ["a\r\nX-Admin: 1", "ad\u0000mins", "staff"],
  });

  expect(identity.email).toBe("a@b.test");
  expect(identity.name).toBe("AX-Admin: 1");
  expect(identity.groups).toEqual(["staff"]);
  expect(warnings).toHaveLength(3);
  expect(warnings.join()).not.toContain("X-Admin");
});

test("JWT-09: a scalar that is no string is empty, never [object Object]", () => {
  const { identity, warnings } = read({ preferred_username: { a: 1 }, email: ["a"], name: 5 });

  expect([identity.username, identity.email, identity.name]).toEqual(["", "", ""]);
  expect(warnings).toHaveLength(3);
});

test("ak_proxy gives the override, the host header and the attributes", () => {
  const { identity } = read({
    ak_proxy: {
      backend_override: "http://foo.bar.baz/alice",
      host_header: "inner.test",
      user_attributes: { additionalHeaders: { "X-Test": "v\r\nX-Evil: 1", "X-Number": 3 }, list: ["a\n", null, true] },
    },
  });

  expect(identity.proxy.backendOverride).toBe("http://foo.bar.baz/alice");
  expect(identity.proxy.hostHeader).toBe("inner.test");
  expect(JSON.stringify(identity.proxy.userAttributes)).toBe(
    '{"additionalHeaders":{"X-Test":"vX-Evil: 1","X-Number":3},"list":["a",null,true]}',
  );
});

test.each([
  [null, 0],
  ["text", 1],
  [[], 1],
  [{ user_attributes: [], backend_override: 5, host_header: {} }, 3],
])("ak_proxy %j is empty with %d warnings", (akProxy, count) => {
  const { identity, warnings } = read({ ak_proxy: akProxy });

  expect(JSON.stringify(identity.proxy)).toBe('{"backendOverride":null,"hostHeader":null,"userAttributes":{}}');
  expect(warnings).toHaveLength(count);
});

test("an override or host header with control characters refuses the login", () => {
  const reason = 'claim "ak_proxy" holds control characters in backend_override or host_header';

  expect(reasonOf({ sub: "u1", ak_proxy: { backend_override: "http://a\t.test" } })).toBe(reason);
  expect(reasonOf({ sub: "u1", ak_proxy: { host_header: "a\r\nb" } })).toBe(reason);
});

test("attributes nested without end are cut, not followed", () => {
  const deep: unknown = JSON.parse(`${'{"a":'.repeat(5000)}1${"}".repeat(5000)}`);

  const { identity } = read({ ak_proxy: { user_attributes: { deep } } });

  expect(JSON.stringify(identity.proxy.userAttributes).length).toBeLessThan(200);
});

test("missing are the mapped paths that lead to nothing", () => {
  const missing = missingClaims(
    { sub: "u1", email: "", groups: [], name: null },
    Object.values({ ...paths, entitlements: "" }),
  );

  expect(missing).toEqual(["preferred_username", "name"]);
});

test("userinfo fills what the id_token lacks and replaces nothing", () => {
  const merged = mergedClaims(
    { sub: "u1", email: "a", name: null },
    { sub: "u1", email: "b", name: "n", groups: ["g"] },
  );

  expect(JSON.stringify(merged)).toBe('{"sub":"u1","email":"a","name":"n","groups":["g"]}');
});
