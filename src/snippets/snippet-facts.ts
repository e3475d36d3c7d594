import type { ListenAddress } from "../core/config.ts";
import { schemeOf } from "../core/decide/choose-provider.ts";
import { parseHost } from "../core/http/host.ts";
import { additionalNames } from "../core/identity/ak-proxy.ts";
import { identityHeaderNames } from "../core/identity/identity-fields.ts";
import type { Provider } from "../core/provider.ts";

/** The facts that a reverse proxy's config is made of. */
export interface SnippetFacts {
  readonly slug: string;
  readonly mode: Provider["mode"];
  readonly scheme: "http" | "https"; //            of the URL in the browser; akproxy gets this one, whatever scheme this connection has
  readonly externalHost: string; //                a name without port; in forward_domain the authentication host
  readonly port: string; //                        "" or ":8443", as the browser writes it after any of the hosts
  readonly hosts: readonly string[]; //            the applications' names without port; "*.corp.test" is any below it
  readonly cookieName: string;
  readonly listen: Listener;
  readonly outpost: PlainAddress; //               where the reverse proxy reaches akproxy
  readonly upstream: PlainAddress; //              the application; forward modes only
  readonly upstreamOrigin: "given" | "placeholder";
  readonly additionalNames: readonly string[]; //  headers of additionalHeaders to copy from the verdict
  readonly authorization: "injected" | "passed"; // injected: the verdict's Authorization replaces the client's
  readonly certificate: CertificateFiles;
  readonly extent: "fragment" | "complete"; //     complete: a whole config that the program loads as it is
}

/** The files of the certificate; `usual`: not given, so a program that gets its own certificate may do so. */
export interface CertificateFiles {
  readonly origin: "given" | "usual";
  readonly file: string;
  readonly keyFile: string;
}

/** An http:// address. */
export interface PlainAddress {
  readonly host: string; //                        an IPv6 address in brackets
  readonly port: number;
}

/** Where the reverse proxy listens; host "" is every address. */
export interface Listener {
  readonly scheme: "http" | "https";
  readonly host: string;
  readonly port: number;
}

/** A listener; scheme null: the external host's. */
export interface ListenerWish {
  readonly scheme: "http" | "https" | null;
  readonly host: string;
  readonly port: number;
}

/** What the options add to the config; null: not given. */
export interface SnippetWishes {
  readonly listen: ListenerWish | null;
  readonly outpost: PlainAddress | null;
  readonly upstream: PlainAddress | null;
  readonly hosts: readonly string[];
  readonly additionalNames: readonly string[];
  readonly certificate: string | null;
  readonly key: string | null;
  readonly extent: "fragment" | "complete";
}

/** The placeholder for the application's address. */
export const placeholderUpstream: PlainAddress = { host: "127.0.0.1", port: 8080 };

/** The facts of one provider: the wishes first, then the config. */
export function snippetFacts(provider: Provider, outpost: PlainAddress, wishes: SnippetWishes): SnippetFacts {
  const scheme = schemeOf(provider);
  const external = parseHost(provider.externalHost.host);
  const externalHost = external?.hostname ?? provider.externalHost.hostname;
  const externalPort = external?.port ?? null;
  const certificate = wishes.certificate ?? `/etc/ssl/private/${externalHost}.pem`;
  return {
    slug: provider.slug,
    mode: provider.mode,
    scheme,
    externalHost,
    port: externalPort === null ? "" : `:${externalPort}`,
    hosts: applicationHosts(provider, externalHost, wishes.hosts),
    cookieName: provider.cookie.name,
    listen: listenerOf(wishes.listen, { scheme, host: "", port: externalPort ?? (scheme === "https" ? 443 : 80) }),
    outpost: wishes.outpost ?? outpost,
    upstream: wishes.upstream ?? placeholderUpstream,
    upstreamOrigin: wishes.upstream === null ? "placeholder" : "given",
    additionalNames: copiedBesides(provider, wishes.additionalNames),
    authorization: provider.basicAuth === null ? "passed" : "injected",
    certificate: {
      origin: wishes.certificate === null ? "usual" : "given",
      file: certificate,
      keyFile: wishes.key ?? certificate,
    },
    extent: wishes.extent,
  };
}

/** The additionalHeaders of the config, and those that the options name because only the issuer's claim has them; each once. */
function copiedBesides(provider: Provider, named: readonly string[]): readonly string[] {
  const byName = new Map([...additionalNames(provider.akProxy), ...named].map((name) => [name.toLowerCase(), name]));
  return [...byName.values()];
}

function listenerOf(wish: ListenerWish | null, usual: Listener): Listener {
  return wish === null ? usual : { ...wish, scheme: wish.scheme ?? usual.scheme };
}

/** In forward_domain the named hosts, by default any host below the cookie domain; in the other modes the external host. */
function applicationHosts(provider: Provider, externalHost: string, named: readonly string[]): readonly string[] {
  if (provider.mode !== "forward_domain") return [externalHost];
  return named.length === 0 ? [`*.${provider.cookieDomain}`] : named;
}

/** The address of a listener for a reverse proxy on the same machine; null: the listener is off or a socket. */
export function reachableAddress(listen: ListenAddress | null): PlainAddress | null {
  if (listen === null || listen.kind === "unix") return null;
  if (listen.hostname === "0.0.0.0" || listen.hostname === "::") return { host: "127.0.0.1", port: listen.port };
  return { host: listen.hostname.includes(":") ? `[${listen.hostname}]` : listen.hostname, port: listen.port };
}

/** `127.0.0.1:9000`. */
export function hostAndPort(address: PlainAddress): string {
  return `${address.host}:${address.port}`;
}

/** Every header that the reverse proxy copies from a 2xx verdict to the application. */
export function copiedNames(facts: SnippetFacts): readonly string[] {
  const credential = facts.authorization === "injected" ? ["Authorization"] : [];
  return [...identityHeaderNames, ...credential, ...facts.additionalNames];
}
