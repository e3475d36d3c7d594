import { AuthorizationResponseError, ResponseBodyError, WWWAuthenticateChallengeError } from "openid-client";
import { Failure } from "../core/failure.ts";

/** How far a login had come: the callback was looked at, or the token endpoint (or userinfo) had been asked. */
export type Stage = "callback" | "answer";

/**
 * What openid-client threw as `Failure`, its cause kept. Its messages name the check and no value; an error code of the issuer's
 * is shown, its description is not (it may quote the code).
 */
export function translated(error: unknown, stage: Stage): Failure {
  const chain = causes(error);
  const ours = chain.find((one) => one instanceof Failure);
  if (ours !== undefined) return ours;
  const refusal = chain.find((one) => one instanceof ResponseBodyError || one instanceof AuthorizationResponseError);
  if (refusal !== undefined) return refused(refusal.error, stage, error);
  if (chain.some((one) => one instanceof WWWAuthenticateChallengeError)) return refused("invalid_client", stage, error);
  const what = chain.at(-1)?.message ?? "unknown error";
  if (stage === "callback") return new Failure("idp_rejected_code", `callback: ${what}`, { cause: error });
  if (chain.some((one) => isOfShape(one))) {
    return new Failure("idp_misconfigured", `issuer: its answer is not what OAuth 2.0 says: ${what}`, { cause: error });
  }
  return new Failure("idp_token_invalid", `id_token: ${what}`, { cause: error });
}

/** The error and its causes that are errors, outermost first. */
function causes(error: unknown): readonly Error[] {
  const chain: Error[] = [];
  for (let one = error; one instanceof Error && chain.length < 8; one = one.cause) chain.push(one);
  return chain;
}

/** Not the status, media type or members that a token answer has (RFC 6749 5.1). */
function isOfShape(error: Error): boolean {
  const code = "code" in error ? error.code : "";
  return (
    code === "OAUTH_RESPONSE_IS_NOT_CONFORM" ||
    code === "OAUTH_RESPONSE_IS_NOT_JSON" ||
    error.message.includes('"response" body') ||
    error.message.includes('"response" content-type')
  );
}

/** RFC 6749 4.1.2.1 and 5.2. */
function refused(code: string, stage: Stage, cause: unknown): Failure {
  const shown = /^[\w-]{1,60}$/.test(code) ? code : "an unreadable error";
  const message = `issuer: refused the login with "${shown}"`;
  switch (shown) {
    case "access_denied":
      return new Failure("login_denied", message, { cause });
    case "server_error":
    case "temporarily_unavailable":
      return new Failure("idp_unreachable", message, { cause });
    case "invalid_client":
    case "unauthorized_client":
      return new Failure(
        "idp_misconfigured",
        `${message}; check client_id, client_secret and token_endpoint_auth_method`,
        {
          cause,
        },
      );
    case "invalid_scope":
    case "unsupported_response_type":
      return new Failure("idp_misconfigured", `${message}; check scopes and the client's registration`, { cause });
    default:
      return new Failure("idp_rejected_code", stage === "callback" ? `callback: ${message}` : message, { cause });
  }
}
