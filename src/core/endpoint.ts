import type { JudgedTarget } from "./judged-target.ts";

/** Everything of the outpost's own lives under this prefix (authentik: the same). */
export const outpostPrefix = "/outpost.goauthentik.io";
export const startPath = `${outpostPrefix}/start`;
export const callbackPath = `${outpostPrefix}/callback`;
export const signOutPath = `${outpostPrefix}/sign_out`;
export const pingPath = `${outpostPrefix}/ping`;
/** Where issuers end sessions (decision 35). */
export const backchannelLogoutPath = `${outpostPrefix}/backchannel-logout`;
export const frontchannelLogoutPath = `${outpostPrefix}/frontchannel-logout`;

/** The query flag that makes any path a callback (authentik: the redirect URI carries it). */
export const callbackFlag = "X-authentik-auth-callback";
const logoutFlag = "X-authentik-logout";

/**
 * Which of the outpost's endpoints a target names. Only exact known paths are ours, in any mode (PATH-16).
 * `flagged_callback`: any other path with the callback flag, `state`, and `code` or `error`; it is a callback only when this
 * browser started that login, otherwise an ordinary request (decision 5). The logout flag counts under our prefix only.
 */
export type Endpoint =
  | "start"
  | "callback"
  | "sign_out"
  | "ping"
  | "backchannel_logout"
  | "frontchannel_logout"
  | "flagged_callback"
  | "none";

export function endpointOf(target: JudgedTarget): Endpoint {
  const isOurs = target.path.startsWith(`${outpostPrefix}/`);
  const query = new URLSearchParams(target.query ?? "");
  if (target.path === pingPath) return "ping";
  if (isSet(query, callbackFlag) && query.has("state") && (query.has("code") || query.has("error"))) {
    return target.path === callbackPath ? "callback" : "flagged_callback";
  }
  // an issuer names its addresses whole: a flag beside them is not its own
  if (target.path === backchannelLogoutPath) return "backchannel_logout";
  if (target.path === frontchannelLogoutPath) return "frontchannel_logout";
  // `/outpost.goauthentik.io/../admin` is the application's, and an nginx lets what is ours through without a session
  if (isOurs && target.neverPublic === null && isSet(query, logoutFlag)) return "sign_out";
  switch (target.path) {
    case startPath:
      return "start";
    case callbackPath:
      return "callback";
    case signOutPath:
      return "sign_out";
    default:
      return "none";
  }
}

const ownPaths: ReadonlySet<string> = new Set([
  startPath,
  callbackPath,
  signOutPath,
  pingPath,
  backchannelLogoutPath,
  frontchannelLogoutPath,
]);

/** Is this exactly the path of one of our endpoints, whatever the query? Nothing else may be let through to us unasked (PATH-16). */
export function isOwnPath(path: string): boolean {
  return ownPaths.has(path);
}

function isSet(query: URLSearchParams, flag: string): boolean {
  return query.get(flag)?.toLowerCase() === "true";
}
