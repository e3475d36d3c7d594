import { outpostPrefix } from "../core/decide/endpoint.ts";
import { verdictPath, verdictPrefix } from "../core/forward-auth/dialects.ts";
import { identityHeaderNames } from "../core/identity/identity-fields.ts";
import { envoyCookieLua, envoyLua } from "./envoy-lua.ts";
import { copiedNames, hostAndPort, type PlainAddress, type SnippetFacts } from "./snippet-facts.ts";
import { head, indented, paragraphs, type SnippetFile } from "./snippet-text.ts";

/** Envoy 1.26 or later: a whole bootstrap in either extent, because its parts are deeply nested. */
export function envoyFiles(facts: SnippetFacts): readonly SnippetFile[] {
  const how = "A whole config: check it with envoy --mode validate -c envoy.yaml, start it with envoy -c envoy.yaml";
  const resources = `static_resources:\n  listeners:\n${indented(listener(facts), "  ")}\n\n  clusters:\n${indented(clusters(facts), "  ")}`;
  return [{ name: "envoy.yaml", text: paragraphs([head("envoy", facts, [how]), resources]) }];
}

const extensions = "type.googleapis.com/envoy.extensions";

function listener(facts: SnippetFacts): string {
  const { listen, slug } = facts;
  return `- name: akproxy_${slug}
  address: { socket_address: { address: "${listen.host === "" ? "0.0.0.0" : listen.host.replace(/^\[|\]$/g, "")}", port_value: ${listen.port} } }
  filter_chains:
  - filters:
    - name: envoy.filters.network.http_connection_manager
      typed_config:
        "@type": ${extensions}.filters.network.http_connection_manager.v3.HttpConnectionManager
        stat_prefix: akproxy_${slug}
${indented(connectionManager(facts), "        ")}${indented(transportSocket(facts), "    ")}`;
}

function transportSocket({ listen, certificate }: SnippetFacts): string {
  if (listen.scheme === "http") return "";
  return `
transport_socket:
  name: envoy.transport_sockets.tls
  typed_config:
    "@type": ${extensions}.transport_sockets.tls.v3.DownstreamTlsContext
    common_tls_context:
      alpn_protocols: [h2, http/1.1]
      tls_certificates:
      - certificate_chain: { filename: "${certificate.file}" }
        private_key: { filename: "${certificate.keyFile}" }`;
}

function connectionManager(facts: SnippetFacts): string {
  return `use_remote_address: true              # Envoy itself writes X-Forwarded-Proto and the last entry of X-Forwarded-For
normalize_path: true                  # before the verdict: the application gets the same path that akproxy checks
merge_slashes: false
path_with_escaped_slashes_action: KEEP_UNCHANGED
common_http_protocol_options: { headers_with_underscores_action: DROP_HEADER }
upgrade_configs: [{ upgrade_type: websocket }]
stream_idle_timeout: 3600s            # WebSockets and event streams may be idle for long
http_filters:
${luaFilter("akproxy.clean", envoyLua(facts))}
${facts.mode === "proxy" ? "" : `${verdictFilter(facts)}\n`}- name: envoy.filters.http.router
  typed_config: { "@type": ${extensions}.filters.http.router.v3.Router }
${routes(facts)}`;
}

function luaFilter(name: string, code: string): string {
  return `- name: ${name}
  typed_config:
    "@type": ${extensions}.filters.http.lua.v3.Lua
    default_source_code:
      inline_string: |
${indented(code, "        ")}`;
}

function verdictFilter(facts: SnippetFacts): string {
  const others = copiedNames(facts).filter((name) => !identityHeaderNames.includes(name));
  return `# A request passes only with a 2xx verdict. The browser gets any other answer unchanged, and 503 if akproxy does not answer.
- name: envoy.filters.http.ext_authz
  typed_config:
    "@type": ${extensions}.filters.http.ext_authz.v3.ExtAuthz
    transport_api_version: V3
    failure_mode_allow: false         # never true: every request would pass while akproxy is unreachable
    status_on_error: { code: ServiceUnavailable }
    # Envoy always sends the method, Host, path and Authorization, and never the body.
    allowed_headers:
      patterns:
${sentHeaders.map((name) => `      - { exact: ${name} }`).join("\n")}
      - { prefix: sec- }
    http_service:
      server_uri: { uri: "http://${hostAndPort(facts.outpost)}", cluster: akproxy_${facts.slug}_outpost, timeout: 30s }
      path_prefix: ${verdictPath("envoy")}
      authorization_response:
        # akproxy sends all of them with every 2xx, so each replaces the client's.
        allowed_upstream_headers:
          patterns:
          - { prefix: x-authentik-, ignore_case: true }
${others.map((name) => `          - { exact: ${name.toLowerCase()}, ignore_case: true }\n`).join("")}        allowed_client_headers_on_success: { patterns: [{ exact: set-cookie }] }
${luaFilter("akproxy.cookies", envoyCookieLua)}`;
}

const sentHeaders = [
  "cookie",
  "accept",
  "accept-language",
  "origin",
  "upgrade",
  "user-agent",
  "x-requested-with",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
];

function routes(facts: SnippetFacts): string {
  return `route_config:
  ignore_port_in_host_matching: true
  virtual_hosts:
${indented(virtualHosts(facts), "  ")}`;
}

function virtualHosts(facts: SnippetFacts): string {
  const outpost = `akproxy_${facts.slug}_outpost`;
  switch (facts.mode) {
    case "proxy":
      return virtualHost("application", facts.hosts, [route("/", outpost, "guarded")]);
    case "forward_single":
      return virtualHost("application", facts.hosts, guardedRoutes(facts));
    case "forward_domain":
      return `# The authentication host: every login returns to it. All of its paths belong to akproxy.
${virtualHost("authentication", [facts.externalHost], [closedVerdicts, route("/", outpost, "open")])}
# The applications. Repeat this virtual host, with a cluster, for each application with an upstream of its own.
${virtualHost("applications", facts.hosts, guardedRoutes(facts))}`;
  }
}

function guardedRoutes(facts: SnippetFacts): readonly string[] {
  return [
    closedVerdicts,
    `# akproxy's own endpoints (callback, sign out, start): no login is needed here.\n${route(`${outpostPrefix}/`, `akproxy_${facts.slug}_outpost`, "open")}`,
    `# The application.\n${route("/", `akproxy_${facts.slug}_application`, "guarded")}`,
  ];
}

function virtualHost(name: string, hosts: readonly string[], ownRoutes: readonly string[]): string {
  return `- name: ${name}
  domains: [${hosts.map((host) => `"${host}"`).join(", ")}]
  routes:
${indented(ownRoutes.join("\n"), "  ")}`;
}

const unguarded = `  typed_per_filter_config:
    envoy.filters.http.ext_authz:
      "@type": ${extensions}.filters.http.ext_authz.v3.ExtAuthzPerRoute
      disabled: true
    akproxy.cookies:
      "@type": ${extensions}.filters.http.lua.v3.LuaPerRoute
      disabled: true`;

const closedVerdicts = `# Only Envoy may ask for verdicts: clients get 404.
- match: { prefix: ${verdictPrefix} }
  direct_response: { status: 404 }
${unguarded}`;

function route(prefix: string, cluster: string, access: "guarded" | "open"): string {
  return `- match: { prefix: ${prefix} }
  route: { cluster: ${cluster}, timeout: 0s }${access === "open" ? `\n${unguarded}` : ""}`;
}

function clusters(facts: SnippetFacts): string {
  const outpost = cluster(`akproxy_${facts.slug}_outpost`, facts.outpost);
  return facts.mode === "proxy"
    ? outpost
    : `${outpost}\n${cluster(`akproxy_${facts.slug}_application`, facts.upstream)}`;
}

function cluster(name: string, { host, port }: PlainAddress): string {
  return `- name: ${name}
  type: STRICT_DNS
  connect_timeout: 5s
  load_assignment:
    cluster_name: ${name}
    endpoints:
    - lb_endpoints:
      - endpoint: { address: { socket_address: { address: "${host.replace(/^\[|\]$/g, "")}", port_value: ${port} } } }`;
}
