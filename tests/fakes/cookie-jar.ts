interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly domain: string;
  readonly hostOnly: boolean;
  readonly path: string;
  readonly secure: boolean;
  readonly expiresAt: number | null; //            ms since the epoch; null: until the browser closes
}

/** A browser's cookies (RFC 6265bis), kept by host without port as browsers do, prefixes enforced. */
export interface CookieJar {
  /** Takes in one Set-Cookie value; one that a browser would refuse is dropped. */
  set(url: URL, setCookie: string): void;
  /** The Cookie header for `url`; "" when there is none. */
  headerFor(url: URL): string;
  all(): readonly { readonly name: string; readonly value: string; readonly domain: string; readonly path: string }[];
  clear(): void;
}

/** An empty jar. */
export function cookieJar(): CookieJar {
  let cookies: readonly Cookie[] = [];
  const live = () => cookies.filter((cookie) => cookie.expiresAt === null || cookie.expiresAt > Date.now());
  return {
    set(url, setCookie) {
      const cookie = parsed(url, setCookie);
      if (cookie === null) return;
      cookies = [...live().filter((other) => !sameSlot(other, cookie)), cookie];
    },
    headerFor: (url) =>
      live()
        .filter((cookie) => goesTo(cookie, url))
        .sort((one, other) => other.path.length - one.path.length)
        .map((cookie) => `${cookie.name}=${cookie.value}`)
        .join("; "),
    all: live,
    clear() {
      cookies = [];
    },
  };
}

function parsed(url: URL, setCookie: string): Cookie | null {
  const [pair = "", ...attributes] = setCookie.split(";");
  const equals = pair.indexOf("=");
  if (equals < 1) return null;
  const facts = new Map(attributes.map((attribute) => splitAttribute(attribute)));
  const domain = (facts.get("domain") ?? "").replace(/^\./, "").toLowerCase();
  const path = facts.get("path") ?? "";
  const cookie: Cookie = {
    name: pair.slice(0, equals).trim(),
    value: pair.slice(equals + 1).trim(),
    domain: domain === "" ? url.hostname : domain,
    hostOnly: domain === "",
    path: path.startsWith("/") ? path : url.pathname.replace(/\/[^/]*$/, "") || "/",
    secure: facts.has("secure"),
    expiresAt: expiry(facts),
  };
  return accepted(url, cookie) ? cookie : null;
}

function splitAttribute(attribute: string): [string, string] {
  const [name = "", ...value] = attribute.split("=");
  return [name.trim().toLowerCase(), value.join("=").trim()];
}

function expiry(facts: ReadonlyMap<string, string>): number | null {
  const maxAge = facts.get("max-age");
  if (maxAge !== undefined) return Date.now() + Number(maxAge) * 1000;
  const expires = facts.get("expires");
  return expires === undefined ? null : Date.parse(expires);
}

function accepted(url: URL, cookie: Cookie): boolean {
  if (cookie.secure && !isTrustworthy(url)) return false;
  if (!cookie.hostOnly && !covers(cookie.domain, url.hostname)) return false;
  if (cookie.name.startsWith("__Secure-") && !cookie.secure) return false;
  return !cookie.name.startsWith("__Host-") || (cookie.secure && cookie.hostOnly && cookie.path === "/");
}

function goesTo(cookie: Cookie, url: URL): boolean {
  if (cookie.secure && !isTrustworthy(url)) return false;
  if (cookie.hostOnly ? cookie.domain !== url.hostname : !covers(cookie.domain, url.hostname)) return false;
  return url.pathname === cookie.path || url.pathname.startsWith(cookie.path.replace(/\/?$/, "/"));
}

function covers(domain: string, hostname: string): boolean {
  return hostname === domain || hostname.endsWith(`.${domain}`);
}

/** https, or loopback, where Chromium and Firefox take Secure cookies over http too. */
function isTrustworthy(url: URL): boolean {
  return url.protocol === "https:" || /^(127\.|\[::1\]|(.+\.)?localhost$)/.test(url.hostname);
}

function sameSlot(one: Cookie, other: Cookie): boolean {
  return one.name === other.name && one.domain === other.domain && one.path === other.path;
}
