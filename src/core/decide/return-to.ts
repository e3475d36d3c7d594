import { hostKey, isWithinDomain, parseHost } from "../http/host.ts";
import type { Provider } from "../provider.ts";
import type { InboundRequest } from "../request.ts";
import { externalHostKey, schemeOf } from "./choose-provider.ts";
import { outpostPrefix, startPath } from "./endpoint.ts";

/** The URL after a login. A refused one is replaced by the external host (authentik: the same). */
export type ReturnTo =
  | { readonly kind: "accepted"; readonly url: string }
  | { readonly kind: "refused"; readonly url: string; readonly reason: string };

/** In characters. It keeps an attempt's sealed cookie under the 4096 bytes that browsers store (RFC 6265bis 5.6). */
const longestReturnTo = 2048;

// biome-ignore lint/suspicious/noControlCharactersInRegex: this pattern refuses control characters
const unsafeCharacter = /[\u0000-\u001f\u007f\\]|^\s|\s$/;

/**
 * Judges `rd` (RED-01 to RED-08). The WHATWG URL parser reads it once against the external host; the origin is compared, and the result is
 * serialised again, so the browser gets the URL that was judged. Domain level accepts any host under the cookie domain, on the port of the
 * external host (decision 38).
 */
export function judgeReturnTo(rd: string, provider: Provider): ReturnTo {
  const refused = (reason: string): ReturnTo => ({ kind: "refused", url: homeOf(provider), reason });
  if (rd === "") return { kind: "accepted", url: homeOf(provider) };
  if (rd.length > longestReturnTo) return refused("too long");
  if (unsafeCharacter.test(rd)) return refused("a control character, backslash or surrounding space");
  const url = parse(rd, provider);
  if (url === null) return refused("not a URL");
  if (url.username !== "" || url.password !== "") return refused("user information in the URL");
  if (url.protocol !== provider.externalHost.protocol) return refused(`scheme ${url.protocol}`);
  if (!isHostAllowed(url, provider)) return refused(`host ${url.host}`);
  if (url.pathname.startsWith(`${outpostPrefix}/`)) return refused("one of the outpost's own endpoints");
  return { kind: "accepted", url: url.href };
}

/** The external host: the target of a redirect when no better one is known. */
export function homeOf(provider: Provider): string {
  return provider.externalHost.href;
}

/** The absolute URL of an endpoint of akproxy at the external host, with its subdirectory (authentik: the same). */
export function ownUrl(provider: Provider, path: string): URL {
  const url = new URL(provider.externalHost.href);
  url.pathname = `${url.pathname.replace(/\/+$/, "")}${path}`;
  url.search = "";
  return url;
}

/** Query parameter of the start URL: the issuer asks which account to use, even where it has a session (the denied page offers it). */
export const switchAccount = "switch_account";

/** The URL at which a login of this provider starts, and which returns the browser to `returnTo`. */
export function startUrl(provider: Provider, returnTo: string, account: "same" | "other" = "same"): string {
  const query = new URLSearchParams({ rd: returnTo });
  if (account === "other") query.set(switchAccount, "true");
  return `${ownUrl(provider, startPath).href}?${query}`;
}

/** The URL that the browser requested, as it would request it again: the external host's scheme, the request's host and target. */
export function requestedUrl(provider: Provider, { host, target }: Pick<InboundRequest, "host" | "target">): string {
  return `${schemeOf(provider)}://${host}${target}`;
}

function parse(rd: string, provider: Provider): URL | null {
  if (provider.mode === "forward_domain" && !/^https?:\/\//i.test(rd)) return null;
  try {
    return new URL(rd, provider.externalHost);
  } catch {
    return null;
  }
}

function isHostAllowed(url: URL, provider: Provider): boolean {
  const host = parseHost(url.host);
  if (host === null) return false;
  if (provider.mode !== "forward_domain") return hostKey(host, schemeOf(provider)) === externalHostKey(provider);
  return isWithinDomain(host.hostname, provider.cookieDomain) && url.port === provider.externalHost.port;
}
