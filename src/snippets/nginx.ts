import { authenticationLocations, guardedLocation, outpostLocations, proxiedLocation } from "./nginx-locations.ts";
import type { SnippetFacts } from "./snippet-facts.ts";
import { head, indented, ownCookiePattern, paragraphs, type SnippetFile } from "./snippet-text.ts";

/** nginx 1.18 or later with ngx_http_auth_request_module, as every distribution builds it. */
export function nginxFiles(facts: SnippetFacts): readonly SnippetFile[] {
  const body = paragraphs([maps, facts.mode === "proxy" ? "" : cookieMaps, ...servers(facts)]).trimEnd();
  switch (facts.extent) {
    case "fragment": {
      const where = `Put this inside http { }: as /etc/nginx/conf.d/akproxy-${facts.slug}.conf, then: nginx -t && nginx -s reload`;
      return [{ name: `akproxy-${facts.slug}.conf`, text: paragraphs([head("nginx", facts, [where]), body]) }];
    }
    case "complete": {
      const how = 'A whole config. Start it with: nginx -p "$PWD" -c nginx.conf';
      return [{ name: "nginx.conf", text: paragraphs([head("nginx", facts, [how]), main(body)]) }];
    }
  }
}

const maps = `# Only the upgrade to WebSocket passes: "h2c" would open a tunnel that nothing checks.
map $http_upgrade $akproxy_upgrade {
    default          "";
    "~*^websocket$"  websocket;
}
map $http_upgrade $akproxy_connection {
    default          "";
    "~*^websocket$"  upgrade;
}`;

/** A map removes one cookie; a browser has one of a session and seldom more than two of unfinished logins. */
const cookieMaps = `# Remove akproxy's cookies: the application could use them as the user. Each map removes one.
${["http_cookie", "akproxy_cookie_1", "akproxy_cookie_2", "akproxy_cookie_3"].map(cookieMap).join("\n")}`;

function cookieMap(source: string, index: number): string {
  return `map $${source} $akproxy_cookie_${index + 1} {
    default $${source};
    "~*^(?<akproxy_before>(?:.*?; *)?)${ownCookiePattern}(?:; *)?(?<akproxy_after>.*)$" $akproxy_before$akproxy_after;
}`;
}

function main(body: string): string {
  return `daemon off;
pid nginx.pid;
error_log stderr;
events {}

http {
    access_log off;
    client_body_temp_path temp-body;
    proxy_temp_path temp-proxy;
    fastcgi_temp_path temp-fastcgi;
    uwsgi_temp_path temp-uwsgi;
    scgi_temp_path temp-scgi;

${indented(body, "    ")}
}`;
}

function servers(facts: SnippetFacts): readonly string[] {
  switch (facts.mode) {
    case "proxy":
      return [server(facts, facts.hosts, proxiedLocation(facts))];
    case "forward_single":
      return [server(facts, facts.hosts, `${outpostLocations(facts)}\n\n${guardedLocation(facts)}`)];
    case "forward_domain":
      return [authenticationServer(facts), applicationServer(facts)];
  }
}

function authenticationServer(facts: SnippetFacts): string {
  const about = "# The authentication host: every login returns to it. All of its paths belong to akproxy.";
  return `${about}\n${server(facts, [facts.externalHost], authenticationLocations(facts))}`;
}

function applicationServer(facts: SnippetFacts): string {
  const body = `${outpostLocations(facts)}\n\n${guardedLocation(facts)}`;
  return `# The applications. Repeat this server for each application with an upstream of its own.\n${server(facts, facts.hosts, body)}`;
}

function server(facts: SnippetFacts, names: readonly string[], body: string): string {
  const { listen, certificate } = facts;
  const tls = listen.scheme === "https" ? " ssl http2" : "";
  const files = `ssl_certificate     ${certificate.file};\nssl_certificate_key ${certificate.keyFile};\n`;
  const inside = `${listenLines(facts, tls)}
server_name ${names.join(" ")};
${listen.scheme === "https" ? files : ""}
underscores_in_headers off;          # many applications read X_authentik_username as X-authentik-username
large_client_header_buffers 8 32k;   # room for the cookies of a domain, and for long URLs
client_max_body_size 0;              # the application limits uploads

${body}`;
  return `server {\n${indented(inside, "    ")}\n}`;
}

function listenLines({ listen }: SnippetFacts, tls: string): string {
  if (listen.host !== "") return `listen ${listen.host}:${listen.port}${tls};`;
  return `listen ${listen.port}${tls};\nlisten [::]:${listen.port}${tls};`;
}
