import { afterEach, beforeEach, expect, test } from "bun:test";
import { identityProviders } from "../../src/idp/identity-provider.ts";
import { issuerMetadata } from "../../src/idp/issuer-metadata.ts";
import { type FakeIssuer, startFakeIssuer } from "../fakes/idp.ts";
import { keptLog } from "../fakes/kept-log.ts";
import { loginSettings } from "../fakes/samples.ts";
import { waitUntil } from "../fakes/waits.ts";
import { atFake, outcomeOf, testNow } from "./at-a-fake-issuer.ts";

let fake: FakeIssuer;
beforeEach(() => {
  fake = startFakeIssuer();
});
afterEach(() => fake.stop());

test("discovery starts at the first use, with one request", async () => {
  const { idp } = atFake(fake);
  const before = [fake.hits.discovery, idp.status().ready, idp.jwksUri()];

  await idp.endSessionUrl("");
  await idp.endSessionUrl("");

  expect(before).toEqual([0, false, ""]);
  expect(fake.hits.discovery).toBe(1);
  expect(idp.status()).toEqual({ ready: true, lastError: null });
  expect(idp.jwksUri()).toBe(`${fake.issuer}/jwks`);
});

test("DOS-05: 500 logins at once send one discovery request", async () => {
  const { idp } = atFake(fake);

  await Promise.all(Array.from({ length: 500 }, () => idp.endSessionUrl("")));

  expect(fake.hits.discovery).toBe(1);
});

test("DOS-05: 500 logins at an issuer that is down send one request, and the next after two seconds", async () => {
  fake.answers.discovery = () => new Response("", { status: 503 });
  const { idp, clock } = atFake(fake);
  const ask = () => Promise.all(Array.from({ length: 500 }, () => outcomeOf(idp.endSessionUrl(""))));

  const first = await ask();
  clock.now += 1;
  await ask();
  const withinTwoSeconds = fake.hits.discovery;
  clock.now += 1;
  await ask();

  expect(new Set(first).size).toBe(1);
  expect(first[0]).toBe(`idp_unreachable issuer: "${fake.issuer}/.well-known/openid-configuration" answered 503`);
  expect([withinTwoSeconds, fake.hits.discovery]).toEqual([1, 2]);
});

test("an issuer that is down at first is discovered when it is up", async () => {
  await fake.stop();
  const { idp, clock, lines } = atFake(fake);

  const down = await outcomeOf(idp.endSessionUrl(""));
  const notReady = idp.status();
  fake.listenAgain();
  clock.now += 2;
  const up = await outcomeOf(idp.endSessionUrl(""));

  expect(down).toMatch(
    /^idp_unreachable issuer: "http:\/\/127\.0\.0\.1:\d+\/\.well-known\/openid-configuration" cannot be reached: ECONNREFUSED$/,
  );
  expect(notReady).toMatchObject({ ready: false, lastError: expect.stringContaining("cannot be reached") });
  expect(up).toBe("accepted");
  expect(idp.status()).toEqual({ ready: true, lastError: null });
  expect(lines.map((line) => line.replace(/ \{.*/, ""))).toEqual([
    "warn issuer discovery failed",
    "info issuer discovered",
  ]);
});

test("warmUp asks in the background, never throws, and respects the two seconds", async () => {
  fake.answers.discovery = () => new Response("", { status: 503 });
  const { idp, clock } = atFake(fake);

  idp.warmUp();
  await waitUntil(() => idp.status().lastError !== null);
  idp.warmUp();
  delete fake.answers.discovery;
  clock.now += 2;
  idp.warmUp();
  await waitUntil(() => idp.status().ready);
  idp.warmUp();

  expect(fake.hits.discovery).toBe(2);
});

test("after an hour the known metadata is still served while new metadata is fetched", async () => {
  const { idp, clock } = atFake(fake);
  await idp.endSessionUrl("");
  fake.metadata = { end_session_endpoint: `${fake.issuer}/bye` };

  clock.now += 3600;
  const old = await idp.endSessionUrl("");
  await waitUntil(() => fake.hits.discovery === 2);
  await waitUntil(async () => (await idp.endSessionUrl("")) !== null);
  const fresh = await idp.endSessionUrl("");

  expect(old).toBeNull();
  expect(fresh).toBe(`${fake.issuer}/bye?client_id=app`);
  expect(fake.hits.discovery).toBe(2);
});

test("a refresh that fails leaves the known metadata in use", async () => {
  const { idp, clock } = atFake(fake);
  await idp.endSessionUrl("");
  fake.answers.discovery = () => Response.json({ issuer: "https://evil.test" });

  clock.now += 3600;
  await idp.endSessionUrl("");
  await waitUntil(() => idp.status().lastError !== null);

  expect(await outcomeOf(idp.endSessionUrl(""))).toBe("accepted");
  expect(idp.status()).toMatchObject({ ready: true, lastError: expect.stringContaining("https://evil.test") });
});

test("providers of one issuer share discovery, unless they connect to it differently", async () => {
  const make = identityProviders({ log: keptLog(), now: () => testNow, version: "1.2.3" });
  const one = make(loginSettings(fake.issuer));
  const other = make(loginSettings(fake.issuer, { clientId: "other" }));
  const elsewhere = make(loginSettings(fake.issuer, { backchannelHost: new URL(fake.issuer).host }));

  await one.endSessionUrl("");
  await other.endSessionUrl("");
  await elsewhere.endSessionUrl("");

  expect(fake.hits.discovery).toBe(2);
});

test("OIDC-11: metadata of another issuer is refused, and the message names both", async () => {
  const other = `${fake.issuer}/`;
  fake.metadata = { issuer: other };

  expect(await outcomeOf(atFake(fake).idp.endSessionUrl(""))).toBe(
    `idp_misconfigured issuer "${fake.issuer}": its discovery document names another issuer "${other}"; both must be equal, including a slash at the end`,
  );
});

test("OIDC-11: a redirect of discovery is not followed", async () => {
  fake.answers.discovery = () => Response.redirect(`${fake.issuer}/elsewhere`, 302);

  const outcome = await outcomeOf(atFake(fake).idp.endSessionUrl(""));

  expect(outcome).toEndWith("answered 302, and redirects are not followed");
  expect(fake.hits.other).toBe(0);
});

test.each([
  [() => new Response("<html>", { headers: { "content-type": "text/html" } }), "is not a JSON object"],
  [() => Response.json([]), "is not a JSON object"],
  [() => Response.json(null), "is not a JSON object"],
  [() => new Response("nothing here", { status: 404 }), "answered 404; check the issuer's URL"],
  [() => new Response("x".repeat(1024 * 1024 + 1)), "answered more than 1 MiB"],
])("an unusable discovery answer is a misconfiguration (%#)", async (answer, what) => {
  fake.answers.discovery = answer;

  const outcome = await outcomeOf(atFake(fake).idp.endSessionUrl(""));

  expect(outcome).toStartWith("idp_misconfigured ");
  expect(outcome).toContain(what);
});

const document = {
  issuer: "https://idp.test",
  authorization_endpoint: "https://idp.test/authorize",
  token_endpoint: "https://idp.test/token",
};

test.each([
  "authorization_endpoint",
  "token_endpoint",
  "jwks_uri",
  "userinfo_endpoint",
  "end_session_endpoint",
  "introspection_endpoint",
])("OIDC-11: %s of an https issuer must be https", (name) => {
  for (const url of ["http://idp.test/x", "javascript:alert(1)", "file:///etc/passwd", "/x", 5]) {
    expect(() => issuerMetadata("https://idp.test", { ...document, [name]: url })).toThrow(`its "${name}" is not`);
  }
});

test("the defaults of the metadata are RS256, client_secret_basic and no iss", () => {
  expect(issuerMetadata("https://idp.test", document)).toEqual({
    issuer: "https://idp.test",
    authorizationEndpoint: "https://idp.test/authorize",
    tokenEndpoint: "https://idp.test/token",
    jwksUri: null,
    userinfoEndpoint: null,
    endSessionEndpoint: null,
    introspectionEndpoint: null,
    scopes: [],
    prompts: [],
    idTokenAlgorithms: ["RS256"],
    tokenAuthMethods: ["client_secret_basic"],
    sendsIss: false,
  });
});

test("the discovery URL of an issuer with a path and a slash at its end is below that path", async () => {
  const asked: string[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request) {
      asked.push(new URL(request.url).pathname);
      return new Response("", { status: 404 });
    },
  });
  const idp = identityProviders({ log: keptLog(), now: () => testNow, version: "1.2.3" })(
    loginSettings(`${server.url.origin}/application/o/app/`),
  );

  await outcomeOf(idp.endSessionUrl(""));
  await server.stop(true);

  expect(asked).toEqual(["/application/o/app/.well-known/openid-configuration"]);
});
