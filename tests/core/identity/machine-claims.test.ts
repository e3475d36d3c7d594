import { expect, test } from "bun:test";
import { identityFromClaims } from "../../../src/core/identity/claims.ts";
import { isMachine, machineClaims } from "../../../src/core/identity/machine-claims.ts";
import { proxyProvider } from "../samples.ts";

const { claims: paths } = proxyProvider();

function identityOf(claims: Readonly<Record<string, unknown>>, over: Partial<typeof paths> = {}) {
  const own = { ...paths, ...over };
  const outcome = identityFromClaims(machineClaims(claims, own), own, "https://idp.test/", "");
  if (!outcome.ok) return outcome.reason;
  const { subject, uid, username, groups, email, name, entitlements, idpSession } = outcome.identity;
  return { subject, uid, username, groups, email, name, entitlements, idpSession };
}

const nobodys = { groups: [], email: "", name: "", entitlements: [], idpSession: null };
const ci = { subject: "ci", uid: "ci", username: "ci", ...nobodys };

test("decision 39: without sub the client is who it is, and nothing else is its own", () => {
  const claims = { client_id: "ci", groups: ["admins"], email: "a@b.test", name: "x", entitlements: ["y"], sid: "z" };

  expect(identityOf(claims)).toEqual(ci);
  expect(identityOf({ azp: "ci" })).toEqual(ci);
  expect(identityOf({ sub: null, client_id: "ci", azp: "other" })).toEqual(ci);
});

test("decision 39: claims that are mapped from elsewhere are the client's, too", () => {
  const claims = { client_id: "ci", realm_access: { roles: ["admin"] }, user: { login: "root" }, oid: "1" };

  expect(identityOf(claims, { groups: "realm_access.roles", username: "user.login", uid: "oid" })).toEqual(ci);
});

test("a machine whose sub is the client's id has it for a user name, unless it has another", () => {
  expect(identityOf({ sub: "ci", client_id: "ci", groups: ["bots"] })).toEqual({ ...ci, groups: ["bots"] });
  expect(identityOf({ sub: "ci", client_id: "ci", preferred_username: "robot" })).toEqual({ ...ci, username: "robot" });
});

test("a person's claims stay as they are, whoever was given the token", () => {
  const claims = { sub: "u1", client_id: "ci", preferred_username: "alice" };

  expect(machineClaims(claims, paths)).toBe(claims);
  expect(isMachine(claims)).toBe(false);
});

test("a token of neither sub nor client is nobody's", () => {
  expect(identityOf({ scope: "openid" })).toBe('claim "sub" is not a non-empty string');
  expect(identityOf({ client_id: "" })).toBe('claim "sub" is not a non-empty string');
  expect(identityOf({ sub: "", client_id: "ci" })).toBe('claim "sub" is not a non-empty string');
});
