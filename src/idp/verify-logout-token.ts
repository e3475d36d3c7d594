import type { LogoutNotice } from "../ports/identity-provider.ts";
import { type ExpectedToken, invalidToken, toleranceSeconds, typeOf, verifiedClaims } from "./verify-token.ts";

const logoutEvent = "http://schemas.openid.net/event/backchannel-logout";

/** Keycloak writes JWT; the specification, and authentik, logout+jwt (2.4); a media type may have its prefix (RFC 7515 4.1.9). */
const types = ["", "jwt", "logout+jwt", "application/logout+jwt"];

/**
 * What a valid logout token says (OIDC Back-Channel Logout 1.0 section 2.6; OUT-03, OUT-04), but for whether its `jti` was seen before.
 * Signed as an id_token would be, for this client, issued within the last minute. Throws `Failure` idp_token_invalid naming the
 * check that failed and never the token; what fetching keys throws passes through.
 */
export async function verifyLogoutToken(token: string, expected: ExpectedToken): Promise<LogoutNotice> {
  if (!types.includes(typeOf("logout_token", token))) throw invalid("typ says that it is another kind of token");
  const claims = await verifiedClaims("logout_token", token, expected, ["iat", "jti", "events"]);
  if (Number(claims.iat) < expected.now - toleranceSeconds) throw invalid("iat is more than a minute ago");
  if (claims["nonce"] !== undefined) throw invalid("it has a nonce, as only an id_token has");
  if (!saysLogout(claims["events"])) throw invalid("events does not say that it is about a logout");
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

/** The member's value is an object, usually an empty one: Keycloak writes revoke_offline_access into it. */
function saysLogout(events: unknown): boolean {
  if (!isObject(events) || !Object.hasOwn(events, logoutEvent)) return false;
  return isObject(events[logoutEvent]);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** null: absent. Present and unusable is no absence: a `sid` that can't be read must not end what `sub` names instead. */
function textOf(value: unknown, name: string): string | null {
  if (value === undefined) return null;
  if (typeof value !== "string" || value === "") throw invalid(`${name} is not a non-empty string`);
  return value;
}

function invalid(what: string) {
  return invalidToken("logout_token", what);
}
