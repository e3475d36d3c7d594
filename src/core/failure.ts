/** The stable codes of failures, which logs and pages show. Expected outcomes are values, not failures. */
export type FailureCode =
  | "config_unusable"
  | "bad_request"
  | "no_provider_for_host"
  | "login_unknown"
  | "login_expired"
  | "login_denied"
  | "login_loop"
  | "idp_unreachable"
  | "idp_misconfigured"
  | "idp_rejected_code"
  | "idp_token_invalid"
  | "store_unavailable"
  | "overloaded"
  | "upstream_refused"
  | "upstream_unreachable"
  | "upstream_timeout"
  | "upstream_not_carried"
  | "internal";

/** The HTTP status for each failure. None is 2xx, because a reverse proxy reads 2xx as "access granted". */
export const failureStatus: Readonly<Record<FailureCode, number>> = {
  config_unusable: 500,
  bad_request: 400,
  no_provider_for_host: 400, //                    authentik: 400 with Message, Host, Detail
  login_unknown: 400,
  login_expired: 400,
  login_denied: 403,
  login_loop: 400,
  idp_unreachable: 503,
  idp_misconfigured: 503,
  idp_rejected_code: 400,
  idp_token_invalid: 400,
  store_unavailable: 503,
  overloaded: 503,
  upstream_refused: 502,
  upstream_unreachable: 502,
  upstream_timeout: 504,
  upstream_not_carried: 501,
  internal: 500,
};

/** The only error class: `code` is stable, `message` is for the log (no secret, not shown to users), `cause` is the original error. */
export class Failure extends Error {
  readonly code: FailureCode;

  constructor(code: FailureCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = "Failure";
    this.code = code;
  }
}
