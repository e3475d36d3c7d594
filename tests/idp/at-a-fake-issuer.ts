import { Failure } from "../../src/core/failure.ts";
import { identityProviders } from "../../src/idp/identity-provider.ts";
import type { IdentityProvider, LoginChecks } from "../../src/ports/identity-provider.ts";
import { es256, type FakeIssuer, issuerKey, token } from "../fakes/idp.ts";
import { keptLog } from "../fakes/kept-log.ts";
import { loginSettings } from "../fakes/samples.ts";

/** The time of these tests: far from the machine's clock, so that a check that uses the machine's clock fails. */
export const testNow = 1_900_000_000;

export const checks: LoginChecks = {
  state: "state-0123456789",
  nonce: "nonce-0123456789",
  codeVerifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
};

/** A callback that carries the right state and a code. */
export function callbackUrl(): URL {
  return new URL(`https://app.test/outpost.goauthentik.io/callback?code=the-code-itself&state=${checks.state}`);
}

/** Claims of a valid id_token in which no mapped claim is missing. */
export function goodClaims(fake: FakeIssuer, over: Readonly<Record<string, unknown>> = {}) {
  return {
    iss: fake.issuer,
    aud: "app",
    sub: "u1",
    exp: testNow + 300,
    iat: testNow,
    nonce: checks.nonce,
    preferred_username: "alice",
    email: "alice@example.test",
    name: "Alice",
    groups: ["staff"],
    entitlements: ["demo"],
    ...over,
  };
}

/** An ES256 token of the issuer's own key. */
export function goodToken(
  fake: FakeIssuer,
  over: Readonly<Record<string, unknown>> = {},
  header: Readonly<Record<string, unknown>> = {},
): string {
  return token({ alg: "ES256", kid: "fake", ...header }, goodClaims(fake, over), es256(issuerKey.privateKey));
}

/** The identity provider at the fake issuer, its clock and its log. */
export function atFake(
  fake: FakeIssuer,
  oidc: Parameters<typeof loginSettings>[1] = {},
  timeoutMs = 2000,
): { readonly idp: IdentityProvider; readonly clock: { now: number }; readonly lines: readonly string[] } {
  const log = keptLog();
  const clock = { now: testNow };
  const idp = identityProviders({ log, now: () => clock.now, version: "1.2.3", timeoutMs })(
    loginSettings(fake.issuer, oidc),
  );
  return { idp, clock, lines: log.lines };
}

/** "accepted", or the failure's code and message. */
export async function outcomeOf(login: Promise<unknown>): Promise<string> {
  try {
    await login;
    return "accepted";
  } catch (error) {
    return error instanceof Failure ? `${error.code} ${error.message}` : `not a Failure: ${String(error)}`;
  }
}

/** The outcome of a login whose token endpoint answers `idToken`. */
export function loginWith(
  fake: FakeIssuer,
  idToken: string,
  idp: IdentityProvider = atFake(fake).idp,
): Promise<string> {
  fake.idToken = idToken;
  return outcomeOf(idp.redeem(callbackUrl(), checks));
}
