import { expect, test } from "bun:test";
import { mayEnter } from "../../src/core/access.ts";
import type { Allow } from "../../src/core/provider.ts";
import { alice } from "./samples.ts";

const nobody: Allow = { groups: [], users: [], emails: [], emailDomains: [], claims: {} };

test("without allow everybody who is known may enter", () => {
  expect(mayEnter(alice(), null)).toBe(true);
});

test("an allow that names nobody lets nobody in", () => {
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

test("an empty entry lets nobody in who lacks the claim", () => {
  const unnamed = alice({ username: "", email: "", groups: [] });

  expect(mayEnter(unnamed, { groups: [""], users: [""], emails: [""], emailDomains: [""], claims: {} })).toBe(false);
});
