import { afterEach, beforeEach, expect, test } from "bun:test";
import { makeSelfSigned } from "../../src/tls/self-signed.ts";
import { type FakeIssuer, startFakeIssuer } from "../fakes/idp.ts";
import { atFake, callbackUrl, checks, goodToken, outcomeOf } from "./at-a-fake-issuer.ts";

const realNow = Math.floor(Date.now() / 1000); // certificates are checked by the machine's clock
const certificate = makeSelfSigned({ names: ["idp.company.test"], days: 1, now: realNow });
const other = makeSelfSigned({ names: ["idp.company.test"], days: 1, now: realNow });
let fake: FakeIssuer;
let backchannelHost: string;
beforeEach(() => {
  fake = startFakeIssuer({ cert: certificate.certificatePem, key: certificate.keyPem, name: "idp.company.test" });
  backchannelHost = `127.0.0.1:${new URL(fake.issuer).port}`;
});
afterEach(() => fake.stop());

test("backchannel_host is connected to, with the issuer's name as Host and in the certificate", async () => {
  const hosts: (string | null)[] = [];
  fake.idToken = goodToken(fake);
  fake.answers.token = (request) => {
    hosts.push(request.headers.get("host"));
    return Response.json({ access_token: "a", token_type: "Bearer", id_token: fake.idToken });
  };
  const { idp } = atFake(fake, { backchannelHost, caPem: certificate.certificatePem });

  const { identity } = await idp.redeem(callbackUrl(), checks);

  expect(identity.subject).toBe("u1");
  expect(hosts).toEqual([new URL(fake.issuer).host]);
});

test("the browser is sent to the issuer itself, not to backchannel_host", async () => {
  const { idp } = atFake(fake, { backchannelHost, caPem: certificate.certificatePem });

  const url = await idp.authorizationUrl({ ...checks, redirectUri: "https://app.test/callback", prompt: null });

  expect(url).toStartWith(`${fake.issuer}/authorize?`);
});

test.each([
  ["no ca_file", null],
  ["the wrong ca_file", other.certificatePem],
])("with %s the certificate is refused, with a hint", async (_what, caPem) => {
  const outcome = await outcomeOf(atFake(fake, { backchannelHost, caPem }).idp.endSessionUrl(""));

  expect(outcome).toStartWith("idp_unreachable ");
  expect(outcome).toEndWith("for a private authority set ca_file");
  expect(fake.hits.discovery).toBe(0);
});

test("a certificate of another name is refused", async () => {
  const wrong = makeSelfSigned({ names: ["other.test"], days: 1, now: realNow });
  const stranger = startFakeIssuer({ cert: wrong.certificatePem, key: wrong.keyPem, name: "idp.company.test" });
  const host = `127.0.0.1:${new URL(stranger.issuer).port}`;

  const outcome = await outcomeOf(
    atFake(stranger, { backchannelHost: host, caPem: wrong.certificatePem }).idp.endSessionUrl(""),
  );
  await stranger.stop();

  expect(outcome).toStartWith("idp_unreachable ");
});

test("OIDC-11: an https issuer that names http keys is refused", async () => {
  fake.metadata = { jwks_uri: "http://idp.company.test/jwks" };

  const outcome = await outcomeOf(
    atFake(fake, { backchannelHost, caPem: certificate.certificatePem }).idp.endSessionUrl(""),
  );

  expect(outcome).toEndWith('its "jwks_uri" is not https: "http://idp.company.test/jwks"');
});
