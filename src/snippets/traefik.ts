import { hostAndPort, type SnippetFacts } from "./snippet-facts.ts";
import { head, indented, paragraphs, type SnippetFile } from "./snippet-text.ts";
import { entryPointOf, type Setting, traefikNames, traefikSettings } from "./traefik-settings.ts";

/** Traefik 3.7.12 or later: the dynamic configuration as a file; `complete` adds the static one. */
export function traefikFiles(facts: SnippetFacts): readonly SnippetFile[] {
  const name = `akproxy-${facts.slug}.yml`;
  const body = dynamicText(facts);
  switch (facts.extent) {
    case "fragment": {
      const where = [
        "Put this into the directory of the file provider (providers.file.directory); Traefik loads it without a restart.",
        `It uses the entry point "${entryPointOf(facts)}". Give that entry point, in the static configuration:`,
        "  http: { aliasHeadersStrategy: delete }   # removes X_authentik_username and X.authentik.username",
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

/** The same settings as labels of the two containers, for the docker provider. */
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
    "Labels for compose.yaml. akproxy's address as Traefik's container sees it: --outpost http://akproxy:9000",
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
    "    # akproxy's own endpoints (callback, sign out, start), and its verdicts, which only Traefik may ask for.",
    yaml(outpostRouters, "    "),
    ...(facts.mode === "proxy"
      ? []
      : ["    # The application: a request passes only with a 2xx verdict.", yaml(applicationRouters, "    ")]),
    "\n  middlewares:",
    "    # plain: only the upgrade to WebSocket passes. verdict: the headers of the verdict replace the client's, in every spelling,",
    "    # and its cookie reaches the browser. closed: no client has this address.",
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
      aliasHeadersStrategy: delete # removes X_authentik_username and X.authentik.username
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

/** Inside single quotes YAML has one escape, the doubled quote; a bare `true` or `no` is not a string. */
function quoted(text: string): string {
  return /^[A-Za-z][\w-]{5,}$/.test(text) ? text : `'${text.replaceAll("'", "''")}'`;
}

function labels(http: { readonly [name: string]: Setting }): string {
  return labelPairs("traefik.http", http)
    .map(([name, value]) => `${name}: ${quoted(value).replaceAll("$", "$$$$")}`)
    .join("\n");
}

/** Label names are in lower case, as in Traefik's documentation; Traefik ignores their case. Compose needs `$` doubled. */
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
