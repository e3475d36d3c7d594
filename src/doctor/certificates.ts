import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import type { Config } from "../core/config.ts";
import type { Provider } from "../core/provider.ts";
import { type Check, type DoctorWorld, fail, ok, type Section, unknown, warn } from "./check.ts";

const day = 86_400;

/** The certificates of the https listener: their validity period, and the hosts that they cover. */
export function certificateSection(config: Config, providers: readonly Provider[], world: DoctorWorld): Section {
  if (config.listen.https === null) {
    return { title: "certificates", checks: [ok("https", "the listener is off")] };
  }
  const shared = sharedCertificate(config);
  const own = providers.flatMap(({ slug, certificate, externalHost }) =>
    certificate === null
      ? []
      : checksOf(certificate.certificatePem, [externalHost], { kind: "own", name: `of ${slug}` }, world.now()),
  );
  const hosts = providers
    .filter(({ certificate, externalHost }) => certificate === null && externalHost.protocol === "https:")
    .map(({ externalHost }) => externalHost);
  const checks = shared.kind === "read" ? checksOf(shared.pem, hosts, shared.origin, world.now()) : [shared.check];
  return { title: "certificates", checks: [...checks, ...own] };
}

/** The source of a certificate. `name`: the beginning of its texts. */
interface Origin {
  readonly kind: "shared" | "self-signed" | "own";
  readonly name: string;
}

type Shared =
  | { readonly kind: "read"; readonly pem: string; readonly origin: Origin }
  | { readonly kind: "not_read"; readonly check: Check };

function sharedCertificate({ tls, stateDir }: Config): Shared {
  if (tls.certificate !== null)
    return { kind: "read", pem: tls.certificate.certificatePem, origin: { kind: "shared", name: "of [tls]" } };
  const file = join(stateDir, "tls.crt");
  if (!existsSync(file)) {
    return { kind: "not_read", check: ok("https", "does not exist yet: akproxy makes a self-signed one") };
  }
  try {
    return { kind: "read", pem: readFileSync(file, "utf8"), origin: { kind: "self-signed", name: "self-signed" } };
  } catch {
    return { kind: "not_read", check: unknown("https", `${file} cannot be read`, "run doctor as akproxy's user") };
  }
}

function checksOf(pem: string, hosts: readonly URL[], origin: Origin, now: number): readonly Check[] {
  const chain = chainOf(pem);
  const [leaf] = chain;
  if (leaf === undefined) {
    return [fail("expiry", `${origin.name}: cannot be read`, "inspect it: openssl x509 -noout -text -in FILE")];
  }
  return [expiryCheck(chain, origin, now), ...coverCheck(leaf, hosts, origin)];
}

function chainOf(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    return []; //                                  reported as a certificate that cannot be read
  }
}

/** A chain is valid until its first certificate expires. */
function expiryCheck(chain: readonly X509Certificate[], origin: Origin, now: number): Check {
  const ends = Math.min(...chain.map((certificate) => certificate.validToDate.getTime() / 1000));
  const begins = Math.max(...chain.map((certificate) => certificate.validFromDate.getTime() / 1000));
  const renew =
    origin.kind === "self-signed" ? "restart akproxy, which makes a new one" : "renew it, then reload akproxy";
  const until = new Date(ends * 1000).toISOString().slice(0, 10);
  if (ends <= now) return fail("expiry", `${origin.name}: expired on ${until}`, renew);
  if (begins > now) {
    const from = new Date(begins * 1000).toISOString();
    return fail("expiry", `${origin.name}: not valid before ${from}`, "check the clock of this machine");
  }
  const left = Math.floor((ends - now) / day);
  const text = `${origin.name}: valid until ${until}, ${left} ${left === 1 ? "day" : "days"}`;
  return ends - now < 30 * day ? warn("expiry", text, renew) : ok("expiry", text);
}

function coverCheck(leaf: X509Certificate, hosts: readonly URL[], origin: Origin): readonly Check[] {
  const names = [...new Set(hosts.map(({ hostname }) => hostname.replace(/^\[|\]$/g, "")))];
  if (names.length === 0) return [];
  const missing = names.filter((host) => (isIP(host) === 0 ? leaf.checkHost(host) : leaf.checkIP(host)) === undefined);
  const text = `${origin.name}: ${missing.length === 0 ? `covers ${names.join(", ")}` : `does not cover ${missing.join(", ")}`}`;
  if (missing.length === 0) return [ok("names", text)];
  switch (origin.kind) {
    case "self-signed":
      return [warn("names", text, "restart akproxy, which makes a new one")];
    case "own":
      return [fail("names", text, "set certificate_file of the provider to a certificate for that host")];
    case "shared": //                              browsers may reach some hosts only through a reverse proxy
      return [
        warn("names", text, "get a certificate with those names: a browser that connects directly refuses this one"),
      ];
  }
}
