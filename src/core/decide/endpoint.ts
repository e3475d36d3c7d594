import type { JudgedTarget } from "../http/judged-target.ts";

/** All of akproxy's own endpoints are below this path (authentik: the same). */
export const outpostPrefix = "/outpost.goauthentik.io";
export const startPath = `${outpostPrefix}/start`;
export const callbackPath = `${outpostPrefix}/callback`;
export const signOutPath = `${outpostPrefix}/sign_out`;
export const pingPath = `${outpostPrefix}/ping`;
/** Issuers end sessions at these two (decision 35). */
export const backchannelLogoutPath = `${outpostPrefix}/backchannel-logout`;
export const frontchannelLogoutPath = `${outpostPrefix}/frontchannel-logout`;

/** The query flag that makes any path a callback (authentik: the redirect URI carries it). */
export const callbackFlag = "X-authentik-auth-callback";
const logoutFlag = "X-authentik-logout";

/** The endpoint that a flag in the query names, whatever the path. */
export type Flag = "callback" | "sign_out" | "none";

/**
 * The flag of a target. The callback flag counts on any path, with `state`, and `code` or `error`; the request is a callback only when
 * this browser started that login, otherwise an ordinary request (decision 5). The logout flag counts under akproxy's prefix only.
 */
export function flagOf({ path, query, neverPublic }: JudgedTarget): Flag {
  if (path === pingPath || !mayHoldFlag(query)) return "none";
  const parameters = new URLSearchParams(query);
  if (
    isSet(parameters, callbackFlag) &&
    parameters.has("state") &&
    (parameters.has("code") || parameters.has("error"))
  ) {
    return path === callbackPath ? "none" : "callback";
  }
  // an issuer calls its two addresses without a flag, so a flag there is not the issuer's
  if (path === backchannelLogoutPath || path === frontchannelLogoutPath) return "none";
  // `/outpost.goauthentik.io/../admin` is the application's, and an nginx lets requests for akproxy's paths through without a session
  const isOurs = path.startsWith(`${outpostPrefix}/`) && neverPublic === null;
  return isOurs && isSet(parameters, logoutFlag) ? "sign_out" : "none";
}

/** Can a query name one of the flags? Its name may be escaped, letter by letter. */
function mayHoldFlag(query: string | null): query is string {
  return query !== null && (query.includes("-authentik-") || query.includes("%"));
}

function isSet(query: URLSearchParams, flag: string): boolean {
  return query.get(flag)?.toLowerCase() === "true";
}

/** Which of the outpost's endpoints a target names. Only exact known paths are akproxy's, in any mode (PATH-16). */
export type Endpoint = OwnEndpoint | "flagged_callback" | "none";

type OwnEndpoint = "start" | "callback" | "sign_out" | "ping" | "backchannel_logout" | "frontchannel_logout";

const endpoints: ReadonlyMap<string, OwnEndpoint> = new Map([
  [startPath, "start"],
  [callbackPath, "callback"],
  [signOutPath, "sign_out"],
  [pingPath, "ping"],
  [backchannelLogoutPath, "backchannel_logout"],
  [frontchannelLogoutPath, "frontchannel_logout"],
]);

/** What `http/routes.ts` does with a target of a provider's host, as a word for `akproxy explain`. */
export function endpointOf(target: JudgedTarget): Endpoint {
  switch (flagOf(target)) {
    case "callback":
      return "flagged_callback";
    case "sign_out":
      return "sign_out";
    case "none":
      return endpoints.get(target.path) ?? "none";
  }
}
