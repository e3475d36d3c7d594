import { isIP } from "node:net";
import { ok, type Reading, wrong } from "../reading.ts";
import { optionalTextOf } from "./text-type.ts";

/** `cookie_domain` in lower case without leading dot, if browsers accept it (CK-02; RFC 6265bis 5.6.3). */
export function readCookieDomain(text: string): Reading<string> {
  const domain = text.toLowerCase().replace(/^\./, "").replace(/\.$/, "");
  if (isIP(domain) !== 0 || domain.includes(":")) return wrong("is an address", "write a domain name: company.test");
  if (!/^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(domain))
    return wrong("is not a domain", "write a domain name: company.test");
  if (!domain.includes("."))
    return wrong("has only one label", "use a domain of your own, such as company.test: browsers refuse this cookie");
  if (isPublicSuffix(domain)) {
    return wrong(
      "is a public suffix",
      "use a domain of your own, such as company.co.uk: anyone can register a name under this one",
    );
  }
  return ok(domain);
}

/** A cookie domain; `""` is null. */
export function cookieDomain() {
  return optionalTextOf(readCookieDomain);
}

/**
 * Public suffixes with two labels, under which anyone can register a name. Not the Public Suffix List, which is 300 KB and changes weekly:
 * only the common country suffixes and hosting domains, to catch a mistake such as `co.uk`. Browsers refuse the others.
 */
const secondLevel: Readonly<Record<string, string>> = {
  ac: "at il in jp ke kr nz th uk za",
  co: "at id il in jp ke kr nz th tz uk ve zm zw za",
  com: "ar au bd br cn co cy ec eg gh gt hk kh kw lb mm mt mx my na ng ni np om pa pe ph pk pl pt py qa ro ru sa sg sv tr tw ua uy ve vn",
  edu: "ar au br cn co hk mx my pe pl sg tr tw ua",
  go: "id jp kr th",
  gob: "ar cl es mx pe ve",
  gov: "ar au br cn co hk in il my ng ph pk sg tr tw ua uk za",
  gouv: "fr",
  ltd: "uk",
  me: "uk",
  mil: "br co in kr",
  ne: "jp kr",
  net: "ar au br cn co il in mx my nz pl ru sg tr tw ua uk vn",
  nhs: "uk",
  or: "at jp kr th",
  org: "ar au br cn co hk il in mx my nz pe pl ru sg tr tw ua uk vn za",
  plc: "uk",
  police: "uk",
  sch: "uk",
};

const hosting: ReadonlySet<string> = new Set(
  "github.io gitlab.io pages.dev workers.dev vercel.app netlify.app herokuapp.com web.app firebaseapp.com azurewebsites.net cloudfront.net fly.dev onrender.com duckdns.org dyndns.org no-ip.org ddns.net nip.io sslip.io ngrok.io ngrok.app ts.net eu.org uk.com de.com us.com blogspot.com appspot.com".split(
    " ",
  ),
);

/** Is this domain, in lower case, a public suffix? A single label always is. */
function isPublicSuffix(domain: string): boolean {
  const labels = domain.split(".");
  if (labels.length === 1) return true;
  if (labels.length > 2) return false;
  const [second = "", top = ""] = labels;
  const countries = Object.hasOwn(secondLevel, second) ? secondLevel[second] : undefined;
  return hosting.has(domain) || (countries ?? "").split(" ").includes(top);
}
