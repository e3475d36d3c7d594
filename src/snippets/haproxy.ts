import { outpostPrefix } from "../core/decide/endpoint.ts";
import { verdictPrefix } from "../core/forward-auth/dialects.ts";
import { haproxyLua } from "./haproxy-lua.ts";
import { hostAndPort, type SnippetFacts } from "./snippet-facts.ts";
import { head, indented, paragraphs, type SnippetFile } from "./snippet-text.ts";

/** HAProxy 2.6 or later, built with Lua, as Debian's is: haproxy.cfg, and in the forward modes the Lua file that asks for the verdict. */
export function haproxyFiles(facts: SnippetFacts): readonly SnippetFile[] {
  const lua = { name: luaName(facts), text: haproxyLua(facts) };
  const config = paragraphs([
    head("haproxy", facts, aboutFiles(facts)),
    globalSection(facts),
    frontend(facts),
    backends(facts),
  ]);
  const name = facts.extent === "complete" ? "haproxy.cfg" : `akproxy-${facts.slug}.cfg`;
  return facts.mode === "proxy" ? [{ name, text: config }] : [{ name, text: config }, lua];
}

function luaName(facts: SnippetFacts): string {
  return `akproxy-${facts.slug}.lua`;
}

function aboutFiles(facts: SnippetFacts): readonly string[] {
  const lua = facts.mode === "proxy" ? "" : `, with ${luaName(facts)} beside it`;
  switch (facts.extent) {
    case "fragment":
      return [
        `Put this beside haproxy.cfg: haproxy -f /etc/haproxy/haproxy.cfg -f /etc/haproxy/akproxy-${facts.slug}.cfg${lua}`,
        "It uses the timeouts of the defaults section there; a WebSocket needs: timeout tunnel 1h",
      ];
    case "complete":
      return [`A whole config. Start it with: haproxy -f haproxy.cfg${lua}`];
  }
}

function globalSection(facts: SnippetFacts): string {
  const complete = facts.extent === "complete";
  const lines = [
    ...(complete ? ["default-path config"] : []),
    "tune.bufsize 65536       # room for a token in the headers, and for akproxy's pages",
    "tune.http.maxhdr 256",
    ...(facts.mode === "proxy" ? [] : [`lua-load ${complete ? "" : "/etc/haproxy/"}${luaName(facts)}`]),
  ];
  return `global\n${indented(lines.join("\n"), "    ")}${complete ? `\n\n${defaults}` : ""}`;
}

const defaults = `defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    timeout http-request 10s
    timeout http-keep-alive 60s
    timeout tunnel 1h          # WebSockets may be idle for long`;

function frontend(facts: SnippetFacts): string {
  const rules = [
    bindLine(facts),
    hostRules(facts),
    headerRules(facts),
    facts.mode === "proxy" ? "" : verdictRules(facts),
  ];
  return `frontend akproxy_${facts.slug}
    mode http
${indented(paragraphs([...rules, routing(facts)]).trimEnd(), "    ")}`;
}

function bindLine({ listen, certificate }: SnippetFacts): string {
  const tls = listen.scheme === "https" ? ` ssl crt ${certificate.file} alpn h2,http/1.1` : "";
  return `bind ${listen.host}:${listen.port}${tls}`;
}

function hostRules(facts: SnippetFacts): string {
  const names = facts.hosts.map((host) =>
    host.startsWith("*.")
      ? `acl application req.hdr(host),field(1,:) -i -m end ${host.slice(1)}`
      : `acl application req.hdr(host),field(1,:) -i ${host}`,
  );
  const own = [
    "# akproxy's own endpoints (callback, sign out, start): no login is needed there.",
    `acl own path_beg ${outpostPrefix}/`,
    ...(facts.mode === "forward_domain"
      ? [
          "# The authentication host belongs to akproxy: every login returns to it.",
          `acl authentication req.hdr(host),field(1,:) -i ${facts.externalHost}`,
          `acl own req.hdr(host),field(1,:) -i ${facts.externalHost}`,
        ]
      : []),
  ];
  const known = facts.mode === "forward_domain" ? "!application !authentication" : "!application";
  return `${names.join("\n")}
${facts.mode === "proxy" ? "" : `${own.join("\n")}\n`}http-request deny deny_status 421 if ${known}`;
}

function headerRules({ scheme }: SnippetFacts): string {
  return `# Only akproxy names the user, and only HAProxy names the client and the URL: remove these headers of a client, in every spelling.
http-request del-header ^x[^a-z0-9]authentik[^a-z0-9] -m reg
http-request del-header _ -m sub
http-request del-header ^(forwarded|x-forwarded-.*|x-original-.*|x-real-ip|x-rewrite-url|proxy)$ -m reg
http-request set-header X-Forwarded-For %[src]
http-request set-header X-Forwarded-Host %[req.hdr(host)]
http-request set-header X-Forwarded-Proto ${scheme}

# Only the upgrade to WebSocket passes, and no Connection header that would remove one of these headers.
acl websocket req.hdr(upgrade) -i websocket
http-request del-header Upgrade if !websocket
http-request del-header Connection if !websocket
http-request set-header Connection Upgrade if websocket`;
}

/** If the Lua action fails, HAProxy continues with the next rule, which denies every request that is not marked as allowed. */
function verdictRules(facts: SnippetFacts): string {
  return `# Only HAProxy may ask for verdicts: clients get 404.
http-request return status 404 if { path_beg ${verdictPrefix} }

# A request passes only with a 2xx verdict. The browser gets any other answer unchanged. If anything fails, the request is denied.
http-request lua.akproxy_${facts.slug} if !own
http-request deny deny_status 500 if !own !{ var(txn.akproxy_verdict) -m str allowed }
http-response lua.akproxy_${facts.slug}_cookies if { var(txn.akproxy_verdict) -m str allowed }`;
}

function routing(facts: SnippetFacts): string {
  if (facts.mode === "proxy") return `default_backend akproxy_${facts.slug}_outpost`;
  return `use_backend akproxy_${facts.slug}_outpost if own\ndefault_backend akproxy_${facts.slug}_application`;
}

function backends(facts: SnippetFacts): string {
  const outpost = `backend akproxy_${facts.slug}_outpost\n    mode http\n    server akproxy ${hostAndPort(facts.outpost)}`;
  if (facts.mode === "proxy") return outpost;
  return `${outpost}

# The application. For several, choose their backends by req.hdr(host) with use_backend above.
backend akproxy_${facts.slug}_application
    mode http
    server application ${hostAndPort(facts.upstream)}`;
}
