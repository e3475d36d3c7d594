import type { Visitor } from "../core/decide/decide.ts";
import { type HeaderCredential, type ShownCredential, tokenUsername } from "../core/http/header-credential.ts";
import { addressText, parseAddress } from "../core/http/ip-address.ts";
import { credentialDigest } from "../seal/digest.ts";
import type { Deps } from "./deps.ts";
import type { Exchange } from "./exchange.ts";
import type { CredentialAnswer } from "./visitor/credential-answers.ts";

/** The Authorization of a request that may decide about it. */
export type PresentedCredential = Extract<ShownCredential, { readonly kind: "shown" | "malformed" }>;

/** The visitor that a credential belongs to, from the cache or from the issuer; or too many credentials failed. Throws Failure idp_*. */
export async function visitorOfCredential(
  deps: Deps,
  exchange: Exchange,
  presented: PresentedCredential,
): Promise<Visitor | Extract<CredentialAnswer, { readonly kind: "limited" }>> {
  if (presented.kind === "malformed") {
    logRefusal(deps, exchange, presented.scheme, "malformed");
    return { kind: "refused", scheme: presented.scheme };
  }
  const { credential } = presented;
  const digest = credentialDigest(exchange.provider.slug, credential);
  const answer = await deps.credentials.answerTo(digest, () => askIssuer(deps, exchange, credential));
  switch (answer.kind) {
    case "known":
      return { kind: "known", identity: answer.identity, via: credential.kind };
    case "refused":
      return { kind: "refused", scheme: credential.kind };
    case "limited":
      return answer;
  }
}

/** Asks the issuer, unless too many credentials failed. A refused password is answered after the same time in every case (M2M-06). */
async function askIssuer(deps: Deps, exchange: Exchange, credential: HeaderCredential): Promise<CredentialAnswer> {
  const attempt = await deps.credentialLimits.enter(limitKeys(exchange, credential));
  if (attempt.kind === "limited") {
    const { id, clientAddress } = exchange.request;
    const fields = { request_id: id, provider: exchange.provider.slug, client: clientAddress };
    deps.log.warn("too many refused credentials", { ...fields, retry_after: attempt.waitSeconds });
    return attempt;
  }
  const minimumTime = refusalTime(credential.kind);
  let outcome: "failed" | "spared" = "spared";
  try {
    const answer = await deps.idpOf(exchange.provider).authenticate(credential);
    if (answer.kind === "refused") {
      outcome = "failed";
      logRefusal(deps, exchange, credential.kind, answer.reason);
      await minimumTime;
    }
    return answer;
  } finally {
    attempt.settle(outcome);
  }
}

/** Longer than the time between the answers to an unknown user name and to a wrong password, at most issuers. */
const refusalMilliseconds = 250;

/** Resolves at the earliest time at which a refusal may be answered. */
function refusalTime(scheme: HeaderCredential["kind"]): Promise<void> {
  if (scheme === "bearer") return Promise.resolve();
  return new Promise((resolve) => void setTimeout(resolve, refusalMilliseconds).unref());
}

/** Failures count per address (for IPv6 per /64, which is one customer's) and per user name at the issuer. */
function limitKeys({ provider, request }: Exchange, credential: HeaderCredential): readonly string[] {
  const address = `address ${networkOf(request.clientAddress)}`;
  if (credential.kind === "bearer" || credential.username === tokenUsername) return [address];
  return [address, `user ${provider.oidc.issuer} ${credential.username.toLowerCase()}`];
}

function networkOf(address: string): string {
  const bytes = parseAddress(address);
  if (bytes === null || bytes.length === 4) return address;
  return addressText([...bytes.slice(0, 8), 0, 0, 0, 0, 0, 0, 0, 0]);
}

function logRefusal(deps: Deps, { request, provider }: Exchange, scheme: string, reason: string): void {
  const fields = { request_id: request.id, provider: provider.slug, client: request.clientAddress };
  deps.log.info("credential refused", { ...fields, scheme, reason });
}
