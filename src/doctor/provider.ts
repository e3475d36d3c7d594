import type { Config } from "../core/config.ts";
import { backchannelLogoutPath, frontchannelLogoutPath } from "../core/decide/endpoint.ts";
import { Failure } from "../core/failure.ts";
import type { Provider } from "../core/provider.ts";
import type { IssuerMetadata } from "../idp/issuer-metadata.ts";
import { requestedScopes } from "../idp/issuer-urls.ts";
import { tokenAlgorithms } from "../idp/signing-keys.ts";
import { type Check, type DoctorWorld, fail, ok, type Section, unknown, warn, within } from "./check.ts";
import type { ExaminedIssuer, SigningKey } from "./issuer.ts";
import { redirectCheck } from "./redirect.ts";
import { upstreamChecks } from "./upstream.ts";

/** The checks of one provider: its login at the issuer, its cookie, and its upstream or its reverse proxy. */
export async function providerSection(
  provider: Provider,
  issuer: ExaminedIssuer,
  config: Config,
  world: DoctorWorld,
): Promise<Section> {
  const { metadata } = issuer;
  const ofIssuer =
    metadata === null
      ? [unknown("issuer", "not usable, so doctor skips the checks that need it")]
      : [
          await within(world, "redirect URI", redirectCheck(provider, metadata, world)),
          scopesCheck(provider, metadata),
          signingCheck(provider, metadata, issuer.keys),
          logoutCheck(provider, issuer),
        ];
  const behind = provider.mode === "proxy" ? await upstreamChecks(provider, world) : [trustCheck(config)];
  return { title: `provider ${provider.slug}`, checks: [...ofIssuer, cookieCheck(provider), ...behind] };
}

/** These two are authentik's own; other issuers do not have them. */
const optionalScopes = ["entitlements", "ak_proxy"];

function scopesCheck({ oidc }: Provider, { scopes }: IssuerMetadata): Check {
  const sent = requestedScopes(oidc.scopes, scopes);
  const left = oidc.scopes.filter((scope) => !sent.includes(scope));
  if (scopes.length === 0) return unknown("scopes", `the issuer advertises none; akproxy sends ${sent.join(" ")}`);
  if (left.length === 0) return ok("scopes", sent.join(" "));
  const text = `${sent.join(" ")}; not advertised: ${left.join(" ")}`;
  const isFine = left.every((scope) => optionalScopes.includes(scope));
  return isFine ? ok("scopes", text) : warn("scopes", text, "enable them at the issuer, or remove them from scopes");
}

function signingCheck({ oidc }: Provider, metadata: IssuerMetadata, keys: readonly SigningKey[]): Check {
  try {
    const allowed = tokenAlgorithms(metadata, oidc);
    const usable = allowed.filter((name) => name.startsWith("HS") || keys.some((key) => isKeyFor(name, key)));
    if (usable.length > 0) return ok("signing", usable.join(", "));
    const text = `the issuer advertises ${allowed.join(", ")} and has no key for any of them`;
    return fail("signing", text, "set a signing key of that type at the issuer");
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    return fail("signing", thrown.message.replace(/^issuer "[^"]*": /, ""), "set a signing key at the issuer");
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
      ...ok("logout", "the issuer supports back-channel logout"),
      fix: `register as back-channel logout: ${backchannel}`,
    };
  }
  if (logout.frontchannel) {
    const text = "the issuer supports front-channel logout only, through the browser";
    return { ...ok("logout", text), fix: `register as front-channel logout: ${frontchannel}` };
  }
  const text = "the issuer advertises neither back-channel nor front-channel logout";
  return unknown("logout", text, `if it has back-channel logout anyway, register: ${backchannel}`);
}

/** The config is only valid if the domain covers the external host (spec: cookie_domain), so doctor does not check that again. */
function cookieCheck({ cookie, externalHost }: Provider): Check {
  const { domain, name, secure } = cookie;
  const where = domain === null ? `${externalHost.hostname} only` : `every host under ${domain}`;
  return ok("cookie", `${name} for ${where}${secure ? "" : ", without Secure"}`);
}

/** Decision 7: a verdict request from an address that is not trusted gets 403. */
function trustCheck({ trustedProxies }: Config): Check {
  if (trustedProxies.length === 0) {
    return fail(
      "trust",
      "no trusted proxy: every verdict request gets 403",
      "add your reverse proxy to listen.trusted_proxies",
    );
  }
  const isEveryone = trustedProxies.some((network) => /\/0$/.test(network));
  if (isEveryone) {
    const fix = "list only your reverse proxy's address in listen.trusted_proxies";
    return warn("trust", "every address is trusted: any client can set the forwarded headers", fix);
  }
  return ok("trust", `verdict requests may come from ${trustedProxies.join(", ")}`);
}
