import { hostAndPort, type SnippetFacts } from "./snippet-facts.ts";
import { head, indented, paragraphs, type SnippetFile } from "./snippet-text.ts";
import { entryPointOf, type Setting, traefikNames, traefikSettings } from "./traefik-settings.ts";

/** Traefik 3.7.12 or later: the dynamic configuration as a file; complete has the static one beside it. */
export function traefikFiles(facts: SnippetFacts): readonly SnippetFile[] {
  const name = `akproxy-${facts.slug}.yml`;
  const body = dynamicText(facts);
  switch (facts.extent) {
    case "fragment": {
      const where = [
        "Goes into the directory of the file provider (providers.file.directory); Traefik loads it without a restart.",
        `It uses the entry point "${entryPointOf(facts)}". Give that entry point, in the static configuration:`,
        "  http: { aliasHeadersStrategy: delete }   # X_authentik_username and X.authentik.username never arrive",
      ];
      return [{ name, text: paragraphs([head("traefik", facts, where), body]) }];
    }
    case "complete": {
      const how = "Two files. Start them with: traefik --configFile=traefik.yml";
      return [
        { name: "traefik.yml", text: paragraphs([head("traefik", facts, [how]), staticText(facts, name)]) },
        { name, text: paragraphs([head("traefik", facts, ["The dynamic configuration."]), body]) },
      ];
    }
  }
}

/** The same as labels of the two containers, for the docker provider. */
export function traefikLabels(facts: SnippetFacts): readonly SnippetFile[] {
  const { outpostRouters, applicationRouters, outpostMiddlewares, applicationMiddlewares } = traefikSettings(facts);
  const names = traefikNames(facts);
  const port = (name: string, value: number): Setting => ({ [name]: { loadbalancer: { server: { port: value } } } });
  const outpost = labels({
    routers: outpostRouters,
    middlewares: outpostMiddlewares,
    services: port(names.outpost, facts.outpost.port),
  });
  const application = labels({
    routers: applicationRouters,
    middlewares: applicationMiddlewares,
    services: port(names.application, facts.upstream.port),
  });
  const about = head("traefik", { ...facts, upstreamOrigin: "given" }, [
    "Labels for compose.yaml. akproxy's address is as Traefik's container sees it: --outpost http://akproxy:9000",
    `Give the entry point "${entryPointOf(facts)}" in the static configuration: http.aliasHeadersStrategy=delete`,
    "akproxy must trust Traefik's network: listen.trusted_proxies has the private ranges by default.",
  ]);
  const containers = [
    ["akproxy", outpost],
    ["application", application],
  ] as const;
  const shown = facts.mode === "proxy" ? containers.slice(0, 1) : containers;
  const services = shown.map(([name, lines]) => `  ${name}:\n    labels:\n${indented(lines, "      ")}`);
  return [{ name: "compose.yaml", text: paragraphs([about, `services:\n${services.join("\n\n")}`]) }];
}

function dynamicText(facts: SnippetFacts): string {
  const { outpostRouters, applicationRouters, outpostMiddlewares, applicationMiddlewares } = traefikSettings(facts);
  const names = traefikNames(facts);
  const service = (address: string): Setting => `{ loadBalancer: { servers: [{ url: "http://${address}" }] } }`;
  const parts = [
    "http:\n  routers:",
    "    # akproxy's own endpoints (callback, sign out, start), and its verdicts, which are for Traefik alone.",
    yaml(outpostRouters, "    "),
    ...(facts.mode === "proxy"
      ? []
      : ["    # The application: nothing passes without a 2xx verdict.", yaml(applicationRouters, "    ")]),
    "\n  middlewares:",
    "    # plain: no upgrade but WebSocket's passes. verdict: what the client sends of akproxy's headers goes, in every spelling,",
    "    # and the verdict's take their place; the cookie is relayed; closed: an address that nobody has.",
    yaml({ ...outpostMiddlewares, ...applicationMiddlewares }, "    "),
    "\n  services:",
    `    ${names.outpost}: ${service(hostAndPort(facts.outpost))}`,
    ...(facts.mode === "proxy" ? [] : [`    ${names.application}: ${service(hostAndPort(facts.upstream))}`]),
    ...certificateLines(facts),
  ];
  return parts.join("\n");
}

function certificateLines({ listen, certificate }: SnippetFacts): readonly string[] {
  if (listen.scheme === "http" || certificate.origin === "usual") return [];
  return ["\ntls:\n  certificates:", `    - { certFile: "${certificate.file}", keyFile: "${certificate.keyFile}" }`];
}

function staticText({ listen }: SnippetFacts, dynamicName: string): string {
  return `entryPoints:
  akproxy:
    address: "${listen.host}:${listen.port}"
    http:
      aliasHeadersStrategy: delete # X_authentik_username and X.authentik.username never arrive
providers:
  file:
    filename: ${dynamicName}
global:
  checkNewVersion: false
  sendAnonymousUsage: false
log:
  level: WARN`;
}

function yaml(tree: { readonly [name: string]: Setting }, indent: string): string {
  return Object.entries(tree)
    .map(([name, setting]) => `${indent}${name}:${yamlValue(setting, indent)}`)
    .join("\n");
}

function yamlValue(setting: Setting, indent: string): string {
  if (typeof setting === "string") return ` ${quoted(setting)}`;
  if (typeof setting === "number" || typeof setting === "boolean") return ` ${setting}`;
  if (isList(setting)) return `\n${setting.map((item) => `${indent}  - ${quoted(item)}`).join("\n")}`;
  return Object.keys(setting).length === 0 ? " {}" : `\n${yaml(setting, `${indent}  `)}`;
}

/** YAML's single quotes know no escape but the doubled quote; a bare `true` or `no` would be no string. */
function quoted(text: string): string {
  return /^[A-Za-z][\w-]{5,}$/.test(text) ? text : `'${text.replaceAll("'", "''")}'`;
}

function labels(http: { readonly [name: string]: Setting }): string {
  return labelPairs("traefik.http", http)
    .map(([name, value]) => `${name}: ${quoted(value).replaceAll("$", "$$$$")}`)
    .join("\n");
}

/** Label names are lower case here, as Traefik's pages write them; it reads them in any. Compose needs `$` doubled. */
function labelPairs(name: string, setting: Setting): readonly (readonly [string, string])[] {
  if (typeof setting !== "object") return [[name, String(setting)]];
  if (isList(setting)) return [[name, setting.join(",")]];
  const entries = Object.entries(setting);
  if (entries.length === 0) return [[name, "true"]];
  return entries.flatMap(([key, inner]) => labelPairs(`${name}.${key.toLowerCase()}`, inner));
}

function isList(setting: Setting): setting is readonly string[] {
  return Array.isArray(setting);
}
