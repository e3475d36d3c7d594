import { outpostPrefix } from "../core/decide/endpoint.ts";
import { verdictPath, verdictPrefix } from "../core/forward-auth/dialects.ts";
import { copiedNames, hostAndPort, type SnippetFacts } from "./snippet-facts.ts";
import { indented } from "./snippet-text.ts";

/** The variables of the maps, or others where maps are impossible, as in Nginx Proxy Manager's form. */
export interface MappedVariables {
  readonly upgrade: string;
  readonly connection: string;
  readonly cookie: string;
}

const ownMaps: MappedVariables = {
  upgrade: "$akproxy_upgrade",
  connection: "$akproxy_connection",
  cookie: "$akproxy_cookie_4",
};

const nginxPath = verdictPath("nginx");
const answerPath = verdictPath("forward");

/** The locations of a host that belongs to akproxy: the authentication host of a domain. */
export function authenticationLocations(facts: SnippetFacts): string {
  return `location / {
    proxy_pass ${akproxy(facts)};
${indented(ownLines(facts), "    ")}
}

${closedVerdicts}`;
}

/** The locations of every guarded host: akproxy's own endpoints, the verdict, and akproxy's answer where the verdict is not a 2xx. */
export function outpostLocations(facts: SnippetFacts): string {
  return `# akproxy's own endpoints (callback, sign out, start): no login is needed here.
location ^~ ${outpostPrefix}/ {
    proxy_pass ${akproxy(facts)};
${indented(ownLines(facts), "    ")}
}

${closedVerdicts}

# The verdict: may this request pass? akproxy gets its cookies and Authorization, but not its body.
location = ${nginxPath} {
    internal;
    proxy_pass ${akproxy(facts)}${nginxPath};
${indented(verdictRequestLines(facts), "    ")}
}

# Without a 2xx verdict the client gets akproxy's own answer: a browser gets a redirect to the login, which keeps the whole URL with its query;
# a script gets 401 in JSON; a logged-in user who is not allowed gets a page that says so.
# The usual form loses the URL from its first "&" on, and sends scripts to a login page:
#   error_page 401 = @start;  location @start { ${startRedirect(facts)} }
location @akproxy_answer {
    rewrite ^ ${answerPath}? break;
    proxy_pass ${akproxy(facts)};
${indented(verdictRequestLines(facts), "    ")}
    proxy_hide_header Authorization; # if the user logged in meanwhile, these are not for the browser
    proxy_hide_header X-authentik-jwt;
}`;
}

/** The location of the application: a request passes only with a 2xx verdict, and with the verdict's identity headers. */
export function guardedLocation(
  facts: SnippetFacts,
  upstream: string = `http://${hostAndPort(facts.upstream)}`,
  mapped: MappedVariables = ownMaps,
): string {
  const variables = copiedNames(facts).map(
    (name) => [name, variableOf(name), `$upstream_http_${snake(name)}`] as const,
  );
  return `location / {
    auth_request ${nginxPath};
    error_page 401 403 = @akproxy_answer;
    proxy_intercept_errors off; # the application's own 401 and 403 reach the browser

    # All of these come from the verdict. nginx does not send an empty one, and never sends the client's.
${variables.map(([, variable, source]) => `    auth_request_set ${variable} ${source};`).join("\n")}
${variables.map(([name, variable]) => `    proxy_set_header ${name} ${variable};`).join("\n")}

    # A cookie of the verdict reaches the browser. (An add_header here disables those of server { }: repeat them.)
    auth_request_set $akproxy_set_cookie $upstream_http_set_cookie;
    add_header Set-Cookie $akproxy_set_cookie always;

    proxy_pass ${upstream};
    proxy_set_header Cookie ${mapped.cookie};
${indented(forwardedLines(facts), "    ")}
${indented(passingLines(mapped), "    ")}
}`;
}

/** Proxy mode: every request goes to akproxy, which requires the login and forwards the request. */
export function proxiedLocation(facts: SnippetFacts): string {
  return `location / {
    proxy_pass ${akproxy(facts)};
${indented(forwardedLines(facts), "    ")}
${indented(passingLines(ownMaps), "    ")}
}`;
}

/** The usual redirect to the login, for comments. */
export function startRedirect(facts: SnippetFacts): string {
  const { scheme, externalHost, port } = facts;
  return `return 302 ${scheme}://${externalHost}${port}${outpostPrefix}/start?rd=${scheme}://$host${port}$request_uri;`;
}

const closedVerdicts = `# Only nginx may ask for verdicts: clients get 404.
location ^~ ${verdictPrefix} {
    return 404;
}`;

/** For akproxy's own endpoints, which trust X-Original-URL: it must not come from the client. */
function ownLines(facts: SnippetFacts): string {
  return `${forwardedLines(facts)}\nproxy_set_header X-Original-URL "";\n${largeAnswers}`;
}

function akproxy(facts: SnippetFacts): string {
  return `http://${hostAndPort(facts.outpost)}`;
}

/**
 * $host and not $http_host: in a request for `http://a/` with `Host: b` nginx serves a, so akproxy must check a.
 * X-Forwarded-For is replaced, because no trusted proxy is in front of this nginx.
 */
function forwardedLines({ scheme, port }: SnippetFacts): string {
  return `proxy_http_version 1.1;
proxy_set_header Host $host${port};
proxy_set_header X-Forwarded-Host $host${port};
proxy_set_header X-Forwarded-Proto ${scheme};
proxy_set_header X-Forwarded-For $remote_addr;
proxy_set_header X-Real-IP $remote_addr;`;
}

/** The headers of a verdict request: they name the browser's request in both ways that akproxy reads. */
function verdictRequestLines(facts: SnippetFacts): string {
  const { scheme, port } = facts;
  return `proxy_method GET;
proxy_pass_request_body off;
proxy_set_header Content-Length "";
proxy_set_header X-Original-URL ${scheme}://$host${port}$request_uri;
proxy_set_header X-Original-Method $request_method;
proxy_set_header X-Forwarded-Uri $request_uri;
proxy_set_header X-Forwarded-Method $request_method;
${forwardedLines(facts)}
proxy_connect_timeout 5s;
proxy_read_timeout 30s;
${largeAnswers}`;
}

/** The headers of a verdict are large: one of them is a token. */
const largeAnswers = `proxy_buffer_size 32k;
proxy_buffers 8 32k;
proxy_busy_buffers_size 64k;`;

function passingLines({ upgrade, connection }: MappedVariables): string {
  return `proxy_set_header Upgrade ${upgrade};
proxy_set_header Connection ${connection};
proxy_request_buffering off;
proxy_read_timeout 1h; # WebSockets and event streams may be idle for long
proxy_send_timeout 1h;
${largeAnswers}`;
}

function variableOf(name: string): string {
  return `$akproxy_${snake(name).replace(/^x_authentik_/, "")}`;
}

function snake(name: string): string {
  return name.toLowerCase().replaceAll("-", "_");
}
