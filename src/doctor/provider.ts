import type { Config } from "../core/config.ts";
import { backchannelLogoutPath, frontchannelLogoutPath } from "../core/decide/endpoint.ts";
import { Failure } from "../core/failure.ts";
import type { Provider } from "../core/provider.ts";
import { requestedScopes } from "../idp/authorization-request.ts";
import { idTokenAlgorithms } from "../idp/id-token-algorithms.ts";
import type { IssuerMetadata } from "../idp/issuer-metadata.ts";
import { type Check, type DoctorWorld, fail, ok, type Section, untold, warn, within } from "./check.ts";
import type { ExaminedIssuer, SigningKey } from "./issuer.ts";
import { redirectCheck } from "./redirect.ts";
import { upstreamChecks } from "./upstream.ts";

/** A provider's own checks: what it needs of its issuer, its cookie, and what stands behind or before it. */
export async function providerSection(
  provider: Provider,
  issuer: ExaminedIssuer,
  config: Config,
  world: DoctorWorld,
): Promise<Section> {
  const { metadata } = issuer;
  const ofIssuer =
    metadata === null
      ? [untold("issuer", "not usable: what depends on it is left out")]
      : [
          await within(world, "redirect URI", redirectCheck(provider, metadata, world)),
          scopesCheck(provider, metadata),
          signingCheck(provider, metadata, issuer.keys),
          logoutCheck(provider, issuer),
        ];
  const behind = provider.mode === "proxy" ? await upstreamChecks(provider, world) : [trustCheck(config)];
  return { title: `provider ${provider.slug}`, checks: [...ofIssuer, cookieCheck(provider), ...behind] };
}

/** These two are authentik's own: other issuers do without. */
const optionalScopes = ["entitlements", "ak_proxy"];

function scopesCheck({ oidc }: Provider, { scopes }: IssuerMetadata): Check {
  const sent = requestedScopes(oidc.scopes, scopes);
  const left = oidc.scopes.filter((scope) => !sent.includes(scope));
  if (scopes.length === 0) return untold("scopes", `the issuer advertises none: ${sent.join(" ")} are sent`);
  if (left.length === 0) return ok("scopes", sent.join(" "));
  const text = `${sent.join(" ")}; not advertised: ${left.join(" ")}`;
  const isFine = left.every((scope) => optionalScopes.includes(scope));
  return isFine ? ok("scopes", text) : warn("scopes", text, "let the issuer offer them, or take them out of scopes");
}

function signingCheck({ oidc }: Provider, metadata: IssuerMetadata, keys: readonly SigningKey[]): Check {
  try {
    const allowed = idTokenAlgorithms(metadata, oidc);
    const usable = allowed.filter((name) => name.startsWith("HS") || keys.some((key) => isKeyFor(name, key)));
    if (usable.length > 0) return ok("signing", usable.join(", "));
    const text = `it advertises ${allowed.join(", ")} and has no key for any of them`;
    return fail("signing", text, "choose a signing key of that kind at the issuer");
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    return fail("signing", thrown.message.replace(/^issuer "[^"]*": /, ""), "choose a signing key at the issuer");
  }
}

/** RFC 7518 3.1, RFC 8037. */
function isKeyFor(algorithm: string, { type, curve }: SigningKey): boolean {
  if (/^(RS|PS)/.test(algorithm)) return type === "RSA";
  if (algorithm === "EdDSA" || algorithm === "Ed25519") return type === "OKP" && curve === "Ed25519";
  return type === "EC" && curve === { ES256: "P-256", ES384: "P-384", ES512: "P-521" }[algorithm];
}

function logoutCheck({ externalHost }: Provider, { logout }: ExaminedIssuer): Check {
  const backchannel = `${externalHost.origin}${backchannelLogoutPath}`;
  const frontchannel = `${externalHost.origin}${frontchannelLogoutPath}`;
  if (logout.backchannel) {
    return {
      ...ok("logout", "the issuer can end sessions here"),
      fix: `register as back-channel logout: ${backchannel}`,
    };
  }
  if (logout.frontchannel) {
    const text = "by way of the browser: no back-channel logout is advertised";
    return { ...ok("logout", text), fix: `register as front-channel logout: ${frontchannel}` };
  }
  const text = "the issuer advertises no way to end sessions here";
  return untold("logout", text, `where it has one all the same: ${backchannel}`);
}

/** That the domain covers the external host is held by the config (spec: cookie_domain). */
function cookieCheck({ cookie, externalHost }: Provider): Check {
  const { domain, name, secure } = cookie;
  const where = domain === null ? `${externalHost.hostname} alone` : `every host under ${domain}`;
  return ok("cookie", `${name} for ${where}${secure ? "" : ", without Secure"}`);
}

/** Decision 7: a check that comes from somebody who is not trusted is answered with 403. */
function trustCheck({ trustedProxies }: Config): Check {
  if (trustedProxies.length === 0) {
    return fail("trust", "none: every check is answered 403", "name your reverse proxy in listen.trusted_proxies");
  }
  const isAnybody = trustedProxies.some((network) => /\/0$/.test(network));
  if (isAnybody) {
    const fix = "name your reverse proxy's own address in listen.trusted_proxies";
    return warn("trust", "anybody may say who asked for what", fix);
  }
  return ok("trust", `checks may come from ${trustedProxies.join(", ")}`);
}
