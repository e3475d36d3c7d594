import { type Configuration, fetchUserInfo } from "openid-client";
import { Failure } from "../core/failure.ts";
import type { Claims } from "../core/identity/claims.ts";
import type { Log } from "../ports/log.ts";
import { translated } from "./foreign-errors.ts";

/**
 * The claims of the userinfo endpoint (OIDC Core 5.3). An endpoint that refuses is an endpoint without claims, and logged. Throws
 * `Failure` idp_token_invalid when it speaks of another subject, idp_unreachable when it does not answer.
 */
export async function userinfo(
  configuration: Configuration,
  accessToken: string,
  subject: string,
  log: Log,
): Promise<Claims> {
  try {
    return await fetchUserInfo(configuration, accessToken, subject);
  } catch (error) {
    const failure = translated(error, "answer");
    if (failure.code === "idp_unreachable") throw failure;
    if (failure.message.includes('"sub"')) {
      throw new Failure("idp_token_invalid", "userinfo: sub is not the id_token's", { cause: error });
    }
    log.warn("userinfo refused", { code: failure.code, error: failure.message });
    return {};
  }
}
