import { expect, test } from "bun:test";
import { mayEnter } from "../../../src/core/decide/access.ts";
import type { Allow } from "../../../src/core/provider.ts";
import { alice } from "../../fakes/samples.ts";

const nobody: Allow = { groups: [], users: [], emails: [], emailDomains: [], claims: {} };

test("without allow all users who are logged in may enter", () => {
  expect(mayEnter(alice(), null)).toBe(true);
});

test("an allow that names no user admits no user", () => {
  expect(mayEnter(alice(), nobody)).toBe(false);
});

test.each([
  [{ groups: ["staff"] }, true],
  [{ groups: ["Staff"] }, false],
  [{ groups: ["staf"] }, false],
  [{ groups: ["admins|staff"] }, false],
  [{ users: ["alice"] }, true],
  [{ users: ["Alice"] }, false],
  [{ emails: ["ALICE@example.TEST"] }, true],
  [{ emails: ["bob@example.test"] }, false],
  [{ emailDomains: ["Example.Test"], claims: {} }, true],
  [{ emailDomains: ["test"], claims: {} }, false],
  [{ emailDomains: ["ample.test"], claims: {} }, false],
  [{ groups: ["other"], users: ["other"], emailDomains: ["example.test"], claims: {} }, true],
] as const)("%j lets alice in: %p", (allow, enters) => {
  expect(mayEnter(alice(), { ...nobody, ...allow })).toBe(enters);
});

test.each([["a@evil.test@example.test"], ["example.test"], [""], ["@"], ["a@"]])(
  "OIDC-13: the address %j belongs to no allowed domain",
  (email) => {
    expect(mayEnter(alice({ email }), { ...nobody, emailDomains: ["example.test", ""], emails: [""] })).toBe(false);
  },
);

test("an empty entry admits no user who lacks the claim", () => {
  const unnamed = alice({ username: "", email: "", groups: [] });

  expect(mayEnter(unnamed, { groups: [""], users: [""], emails: [""], emailDomains: [""], claims: {} })).toBe(false);
});

test("any claim lets in by one of its values, a list by one of its items; case counts", () => {
  const allow = { ...nobody, claims: { department: ["it", "ops"], "realm_access.roles": ["admin"] } };

  expect(mayEnter(alice({ claims: { department: ["it"] } }), allow)).toBe(true);
  expect(mayEnter(alice({ claims: { "realm_access.roles": ["dev", "admin"] } }), allow)).toBe(true);
  expect(mayEnter(alice({ claims: { department: ["IT"] } }), allow)).toBe(false);
  expect(mayEnter(alice({ claims: { department: ["it-support"], other: ["admin"] } }), allow)).toBe(false);
  expect(mayEnter(alice({ claims: {} }), allow)).toBe(false);
});

test("an empty value of a claim matches nobody, and a property of Object is not a claim", () => {
  expect(mayEnter(alice({ claims: { department: [""] } }), { ...nobody, claims: { department: [""] } })).toBe(false);
  expect(mayEnter(alice(), { ...nobody, claims: { constructor: ["Object"] } })).toBe(false);
});

test.each([
  [true, true],
  [null, true],
  [false, false],
])("OIDC-13: an address whose email_verified is %j lets in: %j", (emailVerified, letsIn) => {
  const identity = alice({ emailVerified });

  expect(mayEnter(identity, { ...nobody, emails: ["alice@example.test"] })).toBe(letsIn);
  expect(mayEnter(identity, { ...nobody, emailDomains: ["example.test"] })).toBe(letsIn);
  expect(mayEnter(identity, { ...nobody, users: ["alice"], emails: ["alice@example.test"] })).toBe(true);
});
