import { outpostPrefix } from "../core/decide/endpoint.ts";
import { apacheLua } from "./apache-lua.ts";
import { hostAndPort, type SnippetFacts } from "./snippet-facts.ts";
import { head, indented, paragraphs, type SnippetFile } from "./snippet-text.ts";

/** Apache httpd 2.4.47 or later with Debian's modules; in the forward modes with a Lua file, and lua-socket from Debian. */
export function apacheFiles(facts: SnippetFacts): readonly SnippetFile[] {
  const lua = { name: luaName(facts), text: apacheLua(facts) };
  const hosts =
    facts.mode === "forward_domain" ? [authenticationHost(facts), applicationHost(facts)] : [applicationHost(facts)];
  const config = paragraphs([head("apache", facts, aboutFiles(facts)), mainPart(facts), ...hosts]);
  const name = facts.extent === "complete" ? "httpd.conf" : `akproxy-${facts.slug}.conf`;
  return facts.mode === "proxy" ? [{ name, text: config }] : [{ name, text: config }, lua];
}

function luaName(facts: SnippetFacts): string {
  return `akproxy-${facts.slug}.lua`;
}

function aboutFiles(facts: SnippetFacts): readonly string[] {
  const proxied = facts.mode === "proxy";
  const tls = facts.listen.scheme === "https" ? " ssl" : "";
  switch (facts.extent) {
    case "fragment":
      return [
        `Put this into /etc/apache2/sites-available/akproxy-${facts.slug}.conf${proxied ? "" : `, and ${luaName(facts)} into /etc/apache2/`}; then, on Debian:`,
        ...(proxied ? [] : ["  apt-get install lua-socket"]),
        `  a2enmod proxy proxy_http headers${proxied ? "" : " lua"}${tls} && a2ensite akproxy-${facts.slug} && systemctl restart apache2`,
      ];
    case "complete":
      return ['A whole config for Debian. Start it with: apache2 -d "$PWD" -f httpd.conf -D FOREGROUND'];
  }
}

function mainPart(facts: SnippetFacts): string {
  const { listen } = facts;
  const address = `Listen ${listen.host === "" ? "" : `${listen.host}:`}${listen.port}${listen.scheme === "https" ? " https" : ""}`;
  switch (facts.extent) {
    case "fragment":
      return listen.port === 80 || listen.port === 443 ? "" : address;
    case "complete":
      return `${modules(facts)}\n\nPidFile httpd.pid\nErrorLog /dev/stderr\nUser www-data\nGroup www-data\nServerName localhost\n${address}`;
  }
}

function modules(facts: SnippetFacts): string {
  const names = [
    "mpm_event",
    "authz_core",
    "proxy",
    "proxy_http",
    "headers",
    ...(facts.mode === "proxy" ? [] : ["lua"]),
    ...(facts.listen.scheme === "https" ? ["socache_shmcb", "ssl"] : []),
  ];
  return names.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join("\n");
}

function authenticationHost(facts: SnippetFacts): string {
  const body = `${hook(facts)}\n\n${pass("/", `http://${hostAndPort(facts.outpost)}/`)}`;
  return `# The authentication host: every login returns to it. All of its paths belong to akproxy.
${host(facts, [facts.externalHost], body)}`;
}

function applicationHost(facts: SnippetFacts): string {
  if (facts.mode === "proxy") return host(facts, facts.hosts, pass("/", `http://${hostAndPort(facts.outpost)}/`));
  const body = `${hook(facts)}

${relayedCookies}

# akproxy's own endpoints (callback, sign out, start): no login is needed here.
${pass(`${outpostPrefix}/`, `http://${hostAndPort(facts.outpost)}${outpostPrefix}/`)}

# The application.
${pass("/", `http://${hostAndPort(facts.upstream)}/`)}`;
  const about =
    facts.mode === "forward_domain"
      ? "# The applications. Repeat this for each application with an upstream of its own.\n"
      : "";
  return `${about}${host(facts, facts.hosts, body)}`;
}

function host(facts: SnippetFacts, names: readonly string[], body: string): string {
  const { listen, certificate, scheme } = facts;
  const [first = "", ...others] = names;
  const named = [
    `ServerName ${first.replace(/^\*\./, "any.")}`,
    ...(first.startsWith("*.") ? names : others).map((name) => `ServerAlias ${name}`),
  ];
  const tls =
    listen.scheme === "https"
      ? `\nSSLEngine on\nSSLCertificateFile ${certificate.file}\nSSLCertificateKeyFile ${certificate.keyFile}\n`
      : "";
  const inside = `${named.join("\n")}
${tls}
# Room for the cookies of a domain.
LimitRequestFieldSize 32768
LimitRequestLine 16384
# The application gets the same path that akproxy checks.
AllowEncodedSlashes NoDecode
MergeSlashes Off
ProxyPreserveHost On
# WebSockets and event streams may be idle for long.
ProxyTimeout 3600

# There is no proxy in front of this server: its own facts about the client and the URL count.
ProxyAddHeaders Off
RequestHeader set X-Forwarded-For expr=%{REMOTE_ADDR}
RequestHeader set X-Forwarded-Host expr=%{HTTP_HOST}
RequestHeader set X-Forwarded-Proto ${scheme}
${steering.map((name) => `RequestHeader unset ${name}`).join("\n")}

${body}`;
  return `<VirtualHost ${listen.host === "" ? "*" : listen.host}:${listen.port}>\n${indented(inside, "    ")}\n</VirtualHost>`;
}

const steering = [
  "Forwarded",
  "X-Real-IP",
  "X-Original-URL",
  "X-Original-URI",
  "X-Rewrite-URL",
  "X-Forwarded-Uri",
  "X-Forwarded-Method",
];

function hook(facts: SnippetFacts): string {
  const file = facts.extent === "complete" ? luaName(facts) : `/etc/apache2/${luaName(facts)}`;
  return `# A request passes only with a 2xx verdict. An error in the Lua file is a 500.
LuaScope thread
LuaHookAccessChecker ${file} check
LuaMapHandler "^/" ${file} handle`;
}

/** mod_lua can set a header only once; a login sets its own cookie and clears up to eight old ones. */
const relayedCookies = `# Cookies of the verdict reach the browser.
${[1, 2, 3, 4, 5, 6, 7, 8, 9]
  .map((number) => `Header always add Set-Cookie "%{AKPROXY_COOKIE_${number}}e" env=AKPROXY_COOKIE_${number}`)
  .join("\n")}`;

/** upgrade=websocket: only the upgrade to WebSocket. nocanon: the path as the browser sent it. */
function pass(path: string, to: string): string {
  return `ProxyPass "${path}" "${to}" nocanon upgrade=websocket`;
}
