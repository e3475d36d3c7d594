import { isIP } from "node:net";
import { isPublicSuffix } from "./public-suffixes.ts";
import { ok, type Reading, wrong } from "./reading.ts";

/**
 * `cookie_domain` in lower case without its leading dot, when a browser takes it and it covers `hostname` at a label boundary
 * (CK-02; RFC 6265bis 5.6.3 and 5.1.3).
 */
export function readCookieDomain(text: string, hostname: string): Reading<string> {
  const domain = text.toLowerCase().replace(/^\./, "").replace(/\.$/, "");
  if (isIP(domain) !== 0 || domain.includes(":"))
    return wrong("is an address", "a cookie domain is a name: company.test");
  if (!/^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(domain)) return wrong("is not a domain", "write a name: company.test");
  if (!domain.includes("."))
    return wrong("has one label only", "browsers refuse it; use a domain of your own: company.test");
  if (isPublicSuffix(domain)) {
    return wrong("is a public suffix", "strangers have names under it; use a domain of your own: company.co.uk");
  }
  if (hostname !== domain && !hostname.endsWith(`.${domain}`)) {
    return wrong(`does not cover external_host's ${hostname}`, "name external_host's own domain or a parent of it");
  }
  return ok(domain);
}
