import type { LogoutNotice } from "../ports/identity-provider.ts";
import { type ExpectedToken, invalidToken, toleranceSeconds, typeOf, verifiedClaims } from "./verify-token.ts";

const logoutEvent = "http://schemas.openid.net/event/backchannel-logout";

/** Keycloak sends JWT; the specification and authentik use logout+jwt (2.4). A media type may have its prefix (RFC 7515 4.1.9). */
const types = ["", "jwt", "logout+jwt", "application/logout+jwt"];

/**
 * The content of a valid logout token (OIDC Back-Channel Logout 1.0 section 2.6; OUT-03, OUT-04). It must be signed as an id_token, be for
 * this client and be issued within the last minute; the caller checks that its `jti` is new. Throws `Failure` idp_token_invalid, which
 * names the failed check and never the token; errors from fetching keys pass through.
 */
export async function verifyLogoutToken(token: string, expected: ExpectedToken): Promise<LogoutNotice> {
  if (!types.includes(typeOf("logout_token", token))) throw invalid("typ belongs to another kind of token");
  const claims = await verifiedClaims("logout_token", token, expected, ["iat", "jti", "events"]);
  if (Number(claims.iat) < expected.now - toleranceSeconds) throw invalid("iat is more than a minute ago");
  if (claims["nonce"] !== undefined) throw invalid("it has a nonce, which only an id_token may have");
  if (!hasLogoutEvent(claims["events"])) throw invalid("events has no back-channel logout event");
  const notice = {
    issuer: expected.issuer,
    idpSession: textOf(claims["sid"], "sid"),
    subject: textOf(claims.sub, "sub"),
  };
  if (notice.idpSession === null && notice.subject === null) throw invalid("neither sid nor sub");
  const tokenId = textOf(claims.jti, "jti");
  if (tokenId === null) throw invalid("jti is missing");
  return { ...notice, tokenId };
}

/** The value of the event is an object, usually empty: Keycloak puts revoke_offline_access into it. */
function hasLogoutEvent(events: unknown): boolean {
  if (!isObject(events) || !Object.hasOwn(events, logoutEvent)) return false;
  return isObject(events[logoutEvent]);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** null: absent. A value that is not a text is an error, not absent: with an unreadable `sid` the sessions of `sub` must not end. */
function textOf(value: unknown, name: string): string | null {
  if (value === undefined) return null;
  if (typeof value !== "string" || value === "") throw invalid(`${name} is not a non-empty string`);
  return value;
}

function invalid(what: string) {
  return invalidToken("logout_token", what);
}
