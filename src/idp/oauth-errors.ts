import {
  AuthorizationResponseError,
  INVALID_RESPONSE,
  JSON_ATTRIBUTE_COMPARISON,
  OperationProcessingError,
  PARSE_ERROR,
  RESPONSE_IS_NOT_CONFORM,
  RESPONSE_IS_NOT_JSON,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
} from "oauth4webapi";
import { ClientError } from "openid-client";
import { Failure } from "../core/failure.ts";

/*
 * What openid-client and oauth4webapi throw, as `Failure` with its cause kept. Its messages name the check that failed and hold no value. An error code
 * of the issuer is shown; its description is not, because it may quote the code.
 */

/** An error before the token endpoint was asked: the callback is not usable. */
export function callbackFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (!(error instanceof AuthorizationResponseError)) {
    return new Failure("idp_rejected_code", `callback: ${messageOf(error)}`, { cause: error });
  }
  const failure = refused(error.error, error);
  if (failure.code !== "idp_rejected_code") return failure;
  return new Failure("idp_rejected_code", `callback: ${failure.message}`, { cause: error });
}

/** An error in the answer of the token, introspection or userinfo endpoint. */
export function answerFailure(thrown: unknown): Failure {
  const error = beneath(thrown);
  if (error instanceof Failure) return error;
  if (error instanceof ResponseBodyError) return refused(error.error, error);
  if (error instanceof WWWAuthenticateChallengeError) return refused("invalid_client", error);
  const message = messageOf(error);
  if (!isMalformed(error)) return new Failure("idp_token_invalid", `id_token: ${message}`, { cause: error });
  return new Failure("idp_misconfigured", `issuer: its answer is not valid OAuth 2.0: ${message}`, { cause: error });
}

/** The JSON of an answer that does not have the members it must have; undefined when the error is about something else. */
export function rejectedBody(thrown: unknown): unknown {
  const error = beneath(thrown);
  if (!(error instanceof OperationProcessingError)) return undefined;
  const { code, cause } = error;
  if (code !== INVALID_RESPONSE && code !== JSON_ATTRIBUTE_COMPARISON) return undefined;
  return typeof cause === "object" && cause !== null && "body" in cause ? cause.body : undefined;
}

/** openid-client wraps the error of the fetch or of oauth4webapi, where there is one. */
function beneath(error: unknown): unknown {
  return error instanceof ClientError && error.cause instanceof Error ? error.cause : error;
}

/** The answer does not have the status, media type, syntax or members of RFC 6749 5.1. */
function isMalformed(error: unknown): boolean {
  if (!(error instanceof OperationProcessingError || error instanceof ClientError)) return false;
  const malformed: readonly (string | undefined)[] = [RESPONSE_IS_NOT_CONFORM, RESPONSE_IS_NOT_JSON, PARSE_ERROR];
  return malformed.includes(error.code) || rejectedBody(error) !== undefined;
}

/** An error code of the issuer (RFC 6749 4.1.2.1 and 5.2). */
function refused(code: string, cause: unknown): Failure {
  const shown = /^[\w-]{1,60}$/.test(code) ? code : "an unreadable error";
  const message = `issuer: refused the login with "${shown}"`;
  switch (shown) {
    case "access_denied":
      return new Failure("login_denied", message, { cause });
    case "server_error":
    case "temporarily_unavailable":
      return new Failure("idp_unreachable", message, { cause });
    case "invalid_client":
    case "unauthorized_client": {
      const hint = "check client_id, client_secret and token_endpoint_auth_method";
      return new Failure("idp_misconfigured", `${message}; ${hint}`, { cause });
    }
    case "invalid_scope":
    case "unsupported_response_type":
      return new Failure("idp_misconfigured", `${message}; check scopes and the client's registration`, { cause });
    default:
      return new Failure("idp_rejected_code", message, { cause });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "unknown error";
}
