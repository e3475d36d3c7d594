import { afterEach, beforeEach, expect, test } from "bun:test";
import { noAkProxyTable } from "../../src/core/identity/ak-proxy.ts";
import { parseTemplate, type Template } from "../../src/core/identity/template.ts";
import { identityProviders } from "../../src/idp/identity-provider.ts";
import type { IdentityProvider } from "../../src/ports/identity-provider.ts";
import { type FakeIssuer, startFakeIssuer } from "../fakes/idp.ts";
import { keptLog } from "../fakes/kept-log.ts";
import { loginSettings } from "../fakes/samples.ts";
import { callbackUrl, checks, goodToken, outcomeOf, testNow } from "./at-a-fake-issuer.ts";

function template(source: string): Template {
  const read = parseTemplate(source);
  if (read.kind === "problem") throw new Error(read.message);
  return read.template;
}

let fake: FakeIssuer;
let idp: IdentityProvider;
beforeEach(() => {
  fake = startFakeIssuer();
  const settings = {
    ...loginSettings(fake.issuer),
    keptClaims: ["department"],
    akProxy: { ...noAkProxyTable, hostHeader: template("{tenant}.internal") },
  };
  idp = identityProviders({ log: keptLog(), now: () => testNow, version: "1.2.3" })(settings);
});
afterEach(() => fake.stop());

test("userinfo is asked for a claim that only a template or allow uses, and not when the id_token has them all", async () => {
  fake.idToken = goodToken(fake, { tenant: "t1" });
  fake.userinfo = { sub: "u1", department: ["it"] };
  const fromUserinfo = await idp.redeem(callbackUrl(), checks);
  fake.idToken = goodToken(fake, { tenant: "t2", department: "hr" });
  const fromToken = await idp.redeem(callbackUrl(), checks);

  expect(fromUserinfo.identity.proxy.hostHeader).toBe("t1.internal");
  expect(fromUserinfo.identity.claims).toEqual({ department: ["it"] });
  expect(fromToken.identity.claims).toEqual({ department: ["hr"] });
  expect(fake.hits.userinfo).toBe(1);
});

test("a claim that is neither in the id_token nor in userinfo refuses the login, and the message names it", async () => {
  fake.idToken = goodToken(fake, { secret: "not-to-be-seen" });
  fake.userinfo = { sub: "u1" };

  const outcome = await outcomeOf(idp.redeem(callbackUrl(), checks));

  expect(outcome).toStartWith(
    'idp_token_invalid provider "app": id_token: ak_proxy.host_header: claim "tenant" is missing or empty',
  );
  expect(outcome).not.toContain("not-to-be-seen");
});

test("a refresh without id_token keeps filled-in values, and loses the claims that userinfo does not return", async () => {
  fake.idToken = goodToken(fake, { tenant: "t1", department: "hr" });
  const { identity } = await idp.redeem(callbackUrl(), checks);
  fake.answers.token = () => Response.json({ access_token: "access", token_type: "Bearer" });
  fake.userinfo = { sub: "u1" };
  const lost = await idp.refresh(identity, "first");
  fake.userinfo = { sub: "u1", department: "it", ak_proxy: { user_attributes: { a: 1 } } };
  const told = await idp.refresh(identity, "first");

  expect(lost).toMatchObject({ kind: "fresh", identity: { claims: {}, proxy: { hostHeader: "t1.internal" } } });
  expect(told).toMatchObject({
    kind: "fresh",
    identity: { claims: { department: ["it"] }, proxy: { hostHeader: "t1.internal", userAttributes: { a: 1 } } },
  });
});
