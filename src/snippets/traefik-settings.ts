import { outpostPrefix } from "../core/decide/endpoint.ts";
import { verdictPath, verdictPrefix } from "../core/forward-auth/dialects.ts";
import { copiedNames, hostAndPort, type SnippetFacts } from "./snippet-facts.ts";

/** A setting of Traefik's dynamic configuration; the same tree is written as YAML and as labels. */
export type Setting = string | number | boolean | readonly string[] | { readonly [name: string]: Setting };

/** The parts of the dynamic configuration, separate because the labels belong to two containers. */
export interface TraefikSettings {
  readonly outpostRouters: { readonly [name: string]: Setting };
  readonly applicationRouters: { readonly [name: string]: Setting };
  readonly outpostMiddlewares: { readonly [name: string]: Setting };
  readonly applicationMiddlewares: { readonly [name: string]: Setting };
}

/** The names of one provider's routers, services and middlewares in Traefik. */
export function traefikNames({ slug }: SnippetFacts) {
  const base = `akproxy-${slug}`;
  return {
    application: base,
    webSocket: `${base}-websocket`,
    outpost: `${base}-outpost`,
    authentication: `${base}-authentication`,
    closed: `${base}-closed`,
    plain: `${base}-plain`,
    verdict: `${base}-verdict`,
  };
}

/**
 * Routers and middlewares for one provider. The priorities are explicit: by default the longer rule wins, which would put a wildcard of hosts
 * before the authentication host.
 */
export function traefikSettings(facts: SnippetFacts): TraefikSettings {
  return facts.mode === "proxy" ? proxySettings(facts) : guardedSettings(facts);
}

function proxySettings(facts: SnippetFacts): TraefikSettings {
  const names = traefikNames(facts);
  const hosts = hostRule(facts.hosts);
  return {
    outpostRouters: {
      [names.webSocket]: router(
        facts,
        { rule: `${hosts} && ${isWebSocket}`, service: names.outpost, priority: 1001 },
        [],
      ),
      [names.outpost]: router(facts, { rule: hosts, service: names.outpost, priority: 1000 }, [names.plain]),
    },
    applicationRouters: {},
    outpostMiddlewares: { [names.plain]: plain },
    applicationMiddlewares: {},
  };
}

function guardedSettings(facts: SnippetFacts): TraefikSettings {
  const names = traefikNames(facts);
  const hosts = hostRule(facts.hosts);
  const isDomain = facts.mode === "forward_domain";
  const everywhere = isDomain ? hostRule([facts.externalHost, ...facts.hosts]) : hosts;
  const closedRule = `${everywhere} && PathPrefix(\`${verdictPrefix}\`)`;
  const ownRule = `${everywhere} && PathPrefix(\`${outpostPrefix}/\`)`;
  const authentication = { rule: hostRule([facts.externalHost]), service: names.outpost, priority: 1002 };
  return {
    outpostRouters: {
      [names.closed]: router(facts, { rule: closedRule, service: names.outpost, priority: 1004 }, [names.closed]),
      [names.outpost]: router(facts, { rule: ownRule, service: names.outpost, priority: 1003 }, [names.plain]),
      ...(isDomain ? { [names.authentication]: router(facts, authentication, [names.plain]) } : {}),
    },
    applicationRouters: {
      [names.webSocket]: router(
        facts,
        { rule: `${hosts} && ${isWebSocket}`, service: names.application, priority: 1001 },
        [names.verdict],
      ),
      [names.application]: router(facts, { rule: hosts, service: names.application, priority: 1000 }, [
        names.plain,
        names.verdict,
      ]),
    },
    outpostMiddlewares: { [names.closed]: closed, [names.plain]: plain },
    applicationMiddlewares: { [names.verdict]: verdict(facts) },
  };
}

const isWebSocket = "HeaderRegexp(`Upgrade`, `(?i)^websocket$`)";

function hostRule(hosts: readonly string[]): string {
  const rules = hosts.map((host) =>
    host.startsWith("*.") ? `HostRegexp(\`^.+${host.slice(1).replaceAll(".", "\\.")}$\`)` : `Host(\`${host}\`)`,
  );
  return rules.length === 1 ? (rules[0] ?? "") : `(${rules.join(" || ")})`;
}

interface Route {
  readonly rule: string;
  readonly service: string;
  readonly priority: number;
}

function router(facts: SnippetFacts, route: Route, middlewares: readonly string[]): Setting {
  return {
    rule: route.rule,
    priority: route.priority,
    entryPoints: [entryPointOf(facts)],
    ...(middlewares.length === 0 ? {} : { middlewares }),
    service: route.service,
    ...(facts.listen.scheme === "https" ? { tls: {} } : {}),
  };
}

/** The usual names of entry points, and an own one where the snippet has the static configuration, too. */
export function entryPointOf({ extent, listen }: SnippetFacts): string {
  if (extent === "complete") return "akproxy";
  return listen.scheme === "https" ? "websecure" : "web";
}

/** No client has this address, so every client gets 404. */
const closed: Setting = { ipAllowList: { sourceRange: ["255.255.255.255/32"], rejectStatusCode: 404 } };

/** Removes Upgrade, a Connection header that could remove identity headers, and X-Original-URL, which only a reverse proxy may send. */
const plain: Setting = { headers: { customRequestHeaders: { Connection: "", Upgrade: "", "X-Original-URL": "" } } };

/** Every spelling of `X-authentik-` that any server folds together (HDR-03, HDR-04). */
const foldedIdentityPattern = "^[Xx][^A-Za-z0-9][Aa][Uu][Tt][Hh][Ee][Nn][Tt][Ii][Kk][^A-Za-z0-9]";

function verdict(facts: SnippetFacts): Setting {
  return {
    forwardAuth: {
      address: `http://${hostAndPort(facts.outpost)}${verdictPath("traefik")}`,
      trustForwardHeader: false,
      authResponseHeaders: [...copiedNames(facts), "Cookie"],
      authResponseHeadersRegex: foldedIdentityPattern,
      addAuthCookiesToResponse: [facts.cookieName],
      maxResponseBodySize: 4_194_304,
    },
  };
}
