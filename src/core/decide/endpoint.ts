import type { JudgedTarget } from "../http/judged-target.ts";

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
  if (target.path === pingPath) return "ping";
  return mayHoldFlag(target.query) ? flaggedEndpointOf(target) : plainEndpointOf(target.path);
}

/** Can a query name one of the flags? Its name may be escaped, letter by letter. */
function mayHoldFlag(query: string | null): boolean {
  return query !== null && (query.includes("-authentik-") || query.includes("%"));
}

function flaggedEndpointOf(target: JudgedTarget): Endpoint {
  const isOurs = target.path.startsWith(`${outpostPrefix}/`);
  const query = new URLSearchParams(target.query ?? "");
  if (isSet(query, callbackFlag) && query.has("state") && (query.has("code") || query.has("error"))) {
    return target.path === callbackPath ? "callback" : "flagged_callback";
  }
  const named = plainEndpointOf(target.path);
  // an issuer names its addresses whole: a flag beside them is not its own
  if (named === "backchannel_logout" || named === "frontchannel_logout") return named;
  // `/outpost.goauthentik.io/../admin` is the application's, and an nginx lets what is ours through without a session
  return isOurs && target.neverPublic === null && isSet(query, logoutFlag) ? "sign_out" : named;
}

function plainEndpointOf(path: string): Endpoint {
  switch (path) {
    case startPath:
      return "start";
    case callbackPath:
      return "callback";
    case signOutPath:
      return "sign_out";
    case backchannelLogoutPath:
      return "backchannel_logout";
    case frontchannelLogoutPath:
      return "frontchannel_logout";
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
