import { expect, test } from "bun:test";
import { noAkProxyTable } from "../../../src/core/identity/ak-proxy.ts";
import { identityFromClaims } from "../../../src/core/identity/claims.ts";
import { claimFields } from "../../../src/core/identity/identity-fields.ts";
import {
  type ClaimReading,
  claimsRead,
  identityAtLogin,
  isMachine,
  machineClaims,
} from "../../../src/core/identity/login-identity.ts";
import { parseTemplate, type Template } from "../../../src/core/identity/template.ts";
import { proxyProvider } from "../../fakes/samples.ts";

function template(source: string): Template {
  const read = parseTemplate(source);
  if (read.kind === "problem") throw new Error(read.message);
  return read.template;
}
const reading = (different: Partial<ClaimReading> = {}): ClaimReading => ({ ...proxyProvider(), ...different });

test("an identity keeps the claims that allow asks about, and what the table makes of the others", () => {
  const akProxy = { ...noAkProxyTable, hostHeader: template("{tenant}.internal") };
  const claims = { sub: "u1", department: ["it"], tenant: "t1", phone: "555" };

  const outcome = identityAtLogin(claims, reading({ keptClaims: ["department"], akProxy }), "raw");

  expect(outcome).toMatchObject({
    kind: "identity",
    warnings: [],
    identity: { subject: "u1", claims: { department: ["it"] }, proxy: { hostHeader: "t1.internal" } },
  });
  expect(JSON.stringify(outcome)).not.toContain("555");
});

test("a login that lacks a claim of the table is refused", () => {
  const akProxy = { ...noAkProxyTable, hostHeader: template("{tenant}.internal") };

  expect(identityAtLogin({ sub: "u1" }, reading({ akProxy }), "raw")).toEqual({
    kind: "refused",
    reason:
      'ak_proxy.host_header: claim "tenant" is missing or empty; let the issuer send it, or give a default: {tenant|…}',
  });
});

test("every claim that a login reads is known, so that userinfo is asked for what the id_token lacks", () => {
  const akProxy = { ...noAkProxyTable, hostHeader: template("{tenant}") };

  expect(claimsRead(reading({ keptClaims: ["department"], akProxy }))).toEqual([
    ...claimFields.map(({ claim }) => claim),
    "department",
    "tenant",
  ]);
});

test.each([
  [{ email_verified: true }, true],
  [{ email_verified: "true" }, true],
  [{ email_verified: false }, false],
  [{ email_verified: "false" }, false],
  [{ email_verified: 1 }, null],
  [{}, null],
])("email_verified of %j is %j", (claims, emailVerified) => {
  expect(identityAtLogin({ sub: "u1", ...claims }, reading(), "raw")).toMatchObject({ identity: { emailVerified } });
});

test.each([
  [{ _claim_names: { groups: "src1" }, _claim_sources: { src1: { endpoint: "https://graph.test" } } }, true],
  [{ hasgroups: true }, true],
  [{ hasgroups: "true" }, true],
  [{ hasgroups: false }, false],
  [{ _claim_names: { roles: "src1" } }, false],
  [{ _claim_names: "groups" }, false],
  [{ groups: ["a"], hasgroups: true }, false],
  [{ groups: [] }, false],
  [{}, false],
])("groups overage of %j is %j, and is warned of by the claim's name", (claims, isLeftOut) => {
  const outcome = identityAtLogin({ sub: "u1", ...claims }, reading(), "raw");

  expect(outcome).toMatchObject({ identity: { areGroupsLeftOut: isLeftOut } });
  expect(outcome.kind === "identity" && outcome.warnings.length).toBe(isLeftOut ? 1 : 0);
  if (isLeftOut) expect(JSON.stringify(outcome)).toContain("(groups overage)");
});

const { claims: paths } = proxyProvider();

function identityOf(claims: Readonly<Record<string, unknown>>, over: Partial<typeof paths> = {}) {
  const own = { ...paths, ...over };
  const outcome = identityFromClaims(machineClaims(claims, own), own, "https://idp.test/", "");
  if (outcome.kind === "refused") return outcome.reason;
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

test("a person's claims do not depend on the client that the token was issued to", () => {
  const claims = { sub: "u1", client_id: "ci", preferred_username: "alice" };

  expect(machineClaims(claims, paths)).toBe(claims);
  expect(isMachine(claims)).toBe(false);
});

test("a token with neither sub nor client gives no identity", () => {
  expect(identityOf({ scope: "openid" })).toBe('claim "sub" is not a non-empty string');
  expect(identityOf({ client_id: "" })).toBe('claim "sub" is not a non-empty string');
  expect(identityOf({ sub: "", client_id: "ci" })).toBe('claim "sub" is not a non-empty string');
});
