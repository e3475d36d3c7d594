import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  es256,
  type FakeIssuer,
  hs256,
  issuerKey,
  publicJwk,
  startFakeIssuer,
  strangerKey,
  token,
} from "../fakes/idp.ts";
import { atFake, callbackUrl, checks, goodClaims, goodToken, loginWith, testNow } from "./at-a-fake-issuer.ts";

const secret = "a client secret of forty characters, yes";
let fake: FakeIssuer;
beforeEach(() => {
  fake = startFakeIssuer();
});
afterEach(() => fake.stop());

test("a good token is accepted", async () => {
  expect(await loginWith(fake, goodToken(fake))).toBe("accepted");
});

test.each(["none", "None", "NONE", "nOnE", ""])(
  "JWT-01: alg %p is refused, also where it is advertised",
  async (alg) => {
    fake.metadata = { id_token_signing_alg_values_supported: ["none", "None", "NONE", "nOnE", "", "ES256"] };

    const unsigned = await loginWith(
      fake,
      token({ alg }, goodClaims(fake), () => ""),
    );
    const signed = await loginWith(fake, token({ alg, kid: "fake" }, goodClaims(fake), es256(issuerKey.privateKey)));

    expect(unsigned).toStartWith("idp_token_invalid ");
    expect(signed).toStartWith("idp_token_invalid ");
  },
);

test("JWT-01: an empty signature and a changed payload are refused", async () => {
  const [header, , signature] = goodToken(fake).split(".");
  const payload = Buffer.from(JSON.stringify(goodClaims(fake, { sub: "root" }))).toString("base64url");

  expect(
    await loginWith(
      fake,
      token({ alg: "ES256", kid: "fake" }, goodClaims(fake), () => ""),
    ),
  ).toStartWith("idp_token_invalid");
  expect(await loginWith(fake, `${header}.${payload}.${signature}`)).toStartWith("idp_token_invalid");
});

test.each([
  ["its PEM", issuerKey.publicKey.export({ format: "pem", type: "spki" })],
  ["its DER", issuerKey.publicKey.export({ format: "der", type: "spki" })],
  ["its JWK", JSON.stringify(issuerKey.publicKey.export({ format: "jwk" }))],
  ["nothing", ""],
])("JWT-02: an HMAC with the public key (%s) is refused, also where HS256 is advertised", async (_form, key) => {
  const forged = token({ alg: "HS256", kid: "fake" }, goodClaims(fake), hs256(key));

  const plain = await loginWith(fake, forged);
  fake.metadata = { id_token_signing_alg_values_supported: ["ES256", "HS256"] };
  const advertised = await loginWith(fake, forged);

  expect(plain).toStartWith("idp_token_invalid ");
  expect(advertised).toStartWith("idp_token_invalid ");
});

test("JWT-02: HS256 is accepted only when advertised and with a secret of 32 bytes", async () => {
  const signed = token({ alg: "HS256" }, goodClaims(fake), hs256(secret));
  const short = token({ alg: "HS256" }, goodClaims(fake), hs256("a secret of 31 bytes, one short"));

  const silent = await loginWith(fake, signed);
  fake.metadata = { id_token_signing_alg_values_supported: ["HS256"] };
  const advertised = await loginWith(fake, signed);
  const weak = await loginWith(fake, short, atFake(fake, { clientSecret: "a secret of 31 bytes, one short" }).idp);
  const none = await loginWith(fake, signed, atFake(fake, { clientSecret: "" }).idp);

  expect(silent).toStartWith("idp_token_invalid ");
  expect(advertised).toBe("accepted");
  expect(weak).toStartWith("idp_misconfigured ");
  expect(none).toStartWith("idp_misconfigured ");
});

test.each(["jwk", "jku", "x5u", "x5c"])(
  "JWT-03: a key that the header brings along as %s is not used",
  async (name) => {
    const asked: string[] = [];
    const recorder = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch(request) {
        asked.push(request.url);
        return Response.json({ keys: [publicJwk(strangerKey.publicKey, { kid: "stranger" })] });
      },
    });
    const brought = {
      jwk: publicJwk(strangerKey.publicKey, {}),
      jku: recorder.url.href,
      x5u: recorder.url.href,
      x5c: ["MIIB"],
    };
    const header = {
      alg: "ES256",
      kid: "stranger",
      ...Object.fromEntries(Object.entries(brought).filter(([key]) => key === name)),
    };

    const outcome = await loginWith(fake, token(header, goodClaims(fake), es256(strangerKey.privateKey)));
    await recorder.stop(true);

    expect(outcome).toStartWith("idp_token_invalid ");
    expect(asked).toEqual([]);
  },
);

test.each([
  { crit: ["exp"], exp: 1 },
  { crit: ["b64"], b64: false },
  { crit: ["https://example.test/x"], "https://example.test/x": true },
])("JWT-03: a header with %j is refused", async (header) => {
  expect(await loginWith(fake, goodToken(fake, {}, header))).toStartWith("idp_token_invalid ");
});

test("JWT-04: two hundred tokens of made-up kids cost the issuer two key requests at most", async () => {
  const { idp } = atFake(fake);
  await loginWith(fake, goodToken(fake), idp);

  for (let i = 0; i < 200; i += 1) {
    expect(await loginWith(fake, goodToken(fake, {}, { kid: `made-up-${i}` }), idp)).toStartWith("idp_token_invalid ");
  }

  expect(fake.hits.jwks).toBeLessThanOrEqual(2);
});

test("a token without kid is accepted when one of several keys made it", async () => {
  fake.keys = [publicJwk(strangerKey.publicKey, { kid: "a" }), publicJwk(issuerKey.publicKey, { kid: "b" })];

  const right = await loginWith(fake, goodToken(fake, {}, { kid: undefined }));
  fake.keys = [publicJwk(strangerKey.publicKey, { kid: "a" }), publicJwk(strangerKey.publicKey, { kid: "b" })];
  const wrong = await loginWith(fake, goodToken(fake, {}, { kid: undefined }));

  expect(right).toBe("accepted");
  expect(wrong).toBe("idp_token_invalid id_token: signature verification failed");
});

test.each([
  [{ aud: "other" }, "idp_token_invalid"],
  [{ aud: ["app"] }, "accepted"],
  [{ aud: ["app", "other"] }, "idp_token_invalid"],
  [{ aud: ["app", "other"], azp: "app" }, "accepted"],
  [{ aud: ["app", "other"], azp: "other" }, "idp_token_invalid"],
  [{ aud: "app", azp: "other" }, "idp_token_invalid"],
  [{ aud: "app", azp: "app" }, "accepted"],
  [{ aud: [] }, "idp_token_invalid"],
  [{ aud: undefined }, "idp_token_invalid"],
  [{ aud: "APP" }, "idp_token_invalid"],
  [{ iss: "https://other.test" }, "idp_token_invalid"],
  [{ iss: undefined }, "idp_token_invalid"],
])("JWT-05: a token with %j is %s", async (claims, outcome) => {
  expect((await loginWith(fake, goodToken(fake, claims))).split(" ")[0]).toBe(outcome);
});

test("JWT-05: an iss with an additional slash is another issuer", async () => {
  expect(await loginWith(fake, goodToken(fake, { iss: `${fake.issuer}/` }))).toStartWith("idp_token_invalid ");
});

test.each([
  [{ exp: testNow - 59 }, "accepted"],
  [{ exp: testNow - 61 }, "idp_token_invalid"],
  [{ exp: undefined }, "idp_token_invalid"],
  [{ exp: String(testNow + 300) }, "idp_token_invalid"],
  [{ iat: testNow + 59 }, "accepted"],
  [{ iat: testNow + 61 }, "idp_token_invalid"],
  [{ iat: undefined }, "idp_token_invalid"],
  [{ nbf: testNow + 59 }, "accepted"],
  [{ nbf: testNow + 61 }, "idp_token_invalid"],
  [{ nbf: "soon" }, "idp_token_invalid"],
])("JWT-06: by the injected clock a token with %j is %s", async (claims, outcome) => {
  expect((await loginWith(fake, goodToken(fake, claims))).split(" ")[0]).toBe(outcome);
});

test("JWT-06: an infinite exp is refused", async () => {
  const text = JSON.stringify(goodClaims(fake)).replace(/"exp":\d+/, '"exp":1e999');

  const outcome = await loginWith(fake, token({ alg: "ES256", kid: "fake" }, text, es256(issuerKey.privateKey)));

  expect(outcome).toBe("idp_token_invalid id_token: exp is not a time");
});

test.each(["at+jwt", "AT+JWT", "application/at+jwt", "logout+jwt", "dpop+jwt"])(
  "JWT-07: typ %s is not an id_token",
  async (typ) => {
    expect(await loginWith(fake, goodToken(fake, {}, { typ }))).toStartWith("idp_token_invalid ");
  },
);

test("JWT-07: a logout token is not an id_token", async () => {
  const events = { "http://schemas.openid.net/event/backchannel-logout": {} };

  expect(await loginWith(fake, goodToken(fake, { events, nonce: undefined }))).toStartWith("idp_token_invalid ");
});

test.each(["JWT", "jwt", "JOSE"])("typ %s is an ordinary token", async (typ) => {
  expect(await loginWith(fake, goodToken(fake, {}, { typ }))).toBe("accepted");
});

test("JWT-08: a token of five parts and one past 16 KiB are refused", async () => {
  const big = goodToken(fake, { padding: "x".repeat(16 * 1024) });

  expect(await loginWith(fake, "a.b.c.d.e")).toStartWith("idp_token_invalid ");
  expect(await loginWith(fake, goodToken(fake).replaceAll(".", ".."))).toStartWith("idp_token_invalid ");
  expect(await loginWith(fake, big)).toBe("idp_token_invalid id_token: longer than 16 KiB");
});

test("JWT-08: a token of a mebibyte is refused with the answer that brings it", async () => {
  const outcome = await loginWith(fake, goodToken(fake, { padding: "x".repeat(1024 * 1024) }));

  expect(outcome).toBe(`idp_misconfigured issuer: "${fake.issuer}/token" answered more than 1 MiB`);
});

test("JWT-09: hostile keys and doubled ones in a signed token pollute nothing", async () => {
  const text = JSON.stringify(goodClaims(fake)).replace(
    "{",
    '{"__proto__":{"isAdmin":true,"email":"root@test"},"constructor":{"prototype":{"isAdmin":true}},"sub":"other",',
  );
  fake.idToken = token({ alg: "ES256", kid: "fake" }, text, es256(issuerKey.privateKey));

  const { identity } = await atFake(fake).idp.redeem(callbackUrl(), checks);

  expect([identity.subject, identity.email]).toEqual(["u1", "alice@example.test"]);
  expect("isAdmin" in {}).toBe(false);
});

test.each([{ sub: 0 }, { sub: "" }, { sub: undefined }, { sub: null }, { sub: { a: 1 } }])(
  "JWT-09: a token with %j is refused",
  async (claims) => {
    expect(await loginWith(fake, goodToken(fake, claims))).toStartWith("idp_token_invalid ");
  },
);

test.each([
  [undefined],
  [null],
  ["another"],
  [[checks.nonce]],
  [[checks.nonce, "another"]],
  [""],
  [0],
  [`${checks.nonce} `],
])("OIDC-04: the nonce %j is refused", async (nonce) => {
  expect(await loginWith(fake, goodToken(fake, { nonce }))).toStartWith("idp_token_invalid ");
});

test("text that is not a token is refused", async () => {
  for (const text of ["", ".", "..", "a.b.c", "null.null.null", `${goodToken(fake)}.`]) {
    expect(await loginWith(fake, text)).toMatch(/^idp_(token_invalid|misconfigured) /);
  }
});

test("LEAK-01: no message and no log line holds the code, a token or the secret", async () => {
  const { idp, lines } = atFake(fake);
  const bad = [
    goodToken(fake, { aud: "other" }),
    goodToken(fake, { exp: 1 }),
    "a.b.c.d.e",
    goodToken(fake, {}, { kid: "x" }),
  ];

  const outcomes = await Promise.all(bad.map((idToken) => loginWith(fake, idToken, idp)));

  const text = [...outcomes, ...lines].join("\n");
  for (const word of ["the-code-itself", secret, checks.codeVerifier, checks.nonce, ...bad])
    expect(text).not.toContain(word);
});
