import { afterEach, beforeEach, expect, test } from "bun:test";
import { type FakeIssuer, startFakeIssuer } from "../fakes/idp.ts";
import { atFake, callbackUrl, checks, goodToken, loginWith } from "./at-a-fake-issuer.ts";

let fake: FakeIssuer;
beforeEach(() => {
  fake = startFakeIssuer();
});
afterEach(() => fake.stop());

test("decision 4: userinfo is not asked when the id_token has every mapped claim", async () => {
  await loginWith(fake, goodToken(fake));

  expect(fake.hits.userinfo).toBe(0);
});

test("decision 4: userinfo adds the claims that the id_token lacks and replaces none", async () => {
  fake.idToken = goodToken(fake, { groups: undefined, email: undefined });
  fake.userinfo = { sub: "u1", groups: ["from userinfo"], email: "u@example.test", preferred_username: "mallory" };

  const { identity } = await atFake(fake).idp.redeem(callbackUrl(), checks);

  expect(identity.groups).toEqual(["from userinfo"]);
  expect(identity.email).toBe("u@example.test");
  expect(identity.username).toBe("alice");
});

test("userinfo with another subject, or without one, refuses the login", async () => {
  const idToken = goodToken(fake, { groups: undefined });
  fake.userinfo = { sub: "u2", groups: ["admins"] };
  const another = await loginWith(fake, idToken);
  fake.userinfo = { groups: ["admins"] };
  const none = await loginWith(fake, idToken);

  expect([another, none]).toEqual([
    "idp_token_invalid userinfo: sub is not the id_token's",
    "idp_token_invalid userinfo: sub is not the id_token's",
  ]);
});

test.each([
  [() => new Response("", { status: 403 })],
  [() => new Response("", { status: 401, headers: { "www-authenticate": 'Bearer error="insufficient_scope"' } })],
  [() => new Response("<html>", { headers: { "content-type": "text/html" } })],
  [() => new Response("", { status: 302, headers: { location: "/other" } })],
])("an error of the userinfo endpoint leaves the id_token's claims, and is logged (%#)", async (answer) => {
  fake.answers.userinfo = answer;
  const { idp, lines } = atFake(fake);

  expect(await loginWith(fake, goodToken(fake, { groups: undefined }), idp)).toBe("accepted");

  expect(lines.filter((line) => line.startsWith("warn userinfo failed"))).toHaveLength(1);
});

test("a userinfo endpoint that does not answer refuses the login", async () => {
  fake.answers.userinfo = () => new Response("", { status: 503 });

  expect(await loginWith(fake, goodToken(fake, { groups: undefined }))).toStartWith("idp_unreachable ");
});

test("without a userinfo endpoint missing claims stay empty", async () => {
  fake.metadata = { userinfo_endpoint: null };
  fake.idToken = goodToken(fake, { groups: undefined });

  expect((await atFake(fake).idp.redeem(callbackUrl(), checks)).identity.groups).toEqual([]);
});

test("a dropped claim is logged without its value", async () => {
  fake.idToken = goodToken(fake, { groups: ["a|b-hidden"] });
  const { idp, lines } = atFake(fake);

  await idp.redeem(callbackUrl(), checks);

  const line = lines.find((one) => one.startsWith("warn claim left out"));
  expect(line).toContain('claim \\"groups\\": 1 of 1 items dropped');
  expect(line).not.toContain("hidden");
});
