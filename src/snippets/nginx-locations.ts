import { outpostPrefix } from "../core/decide/endpoint.ts";
import { verdictPath, verdictPrefix } from "../core/forward-auth/dialects.ts";
import { copiedNames, hostAndPort, type SnippetFacts } from "./snippet-facts.ts";
import { indented } from "./snippet-text.ts";

/** What the maps of our own file make, or what stands for it where there can be no maps, as in Nginx Proxy Manager's form. */
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

/** Everything of a host that is akproxy's alone: the authentication host of a domain. */
export function authenticationLocations(facts: SnippetFacts): string {
  return `location / {
    proxy_pass ${akproxy(facts)};
${indented(ownLines(facts), "    ")}
}

${closedVerdicts}`;
}

/** The locations that every guarded host has: akproxy's own endpoints, the verdict, and akproxy's answer to who may not pass. */
export function outpostLocations(facts: SnippetFacts): string {
  return `# akproxy's own endpoints (callback, sign out, start): nobody is asked for a login here.
location ^~ ${outpostPrefix}/ {
    proxy_pass ${akproxy(facts)};
${indented(ownLines(facts), "    ")}
}

${closedVerdicts}

# The verdict: may this request pass? Cookies and Authorization go along, the body does not.
location = ${nginxPath} {
    internal;
    proxy_pass ${akproxy(facts)}${nginxPath};
${indented(askingLines(facts), "    ")}
}

# Who may not pass gets akproxy's own answer: a browser the way to its login, with its whole address kept, query and all;
# a script 401 in JSON; somebody who is logged in and not allowed, a page that says so.
# The form seen elsewhere loses the address from its first "&" on and sends scripts to a login page:
#   error_page 401 = @start;  location @start { ${startRedirect(facts)} }
location @akproxy_answer {
    rewrite ^ ${answerPath}? break;
    proxy_pass ${akproxy(facts)};
${indented(askingLines(facts), "    ")}
    proxy_hide_header Authorization; # should the login be there by now: not for the browser's eyes
    proxy_hide_header X-authentik-jwt;
}`;
}

/** Where the application lives: nothing passes without a 2xx verdict, and who is asking is what the verdict says. */
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
    proxy_intercept_errors off; # the application's own 401 and 403 are its own

    # From the verdict, every one of them: an empty one is not sent, and what the client sent never is.
${variables.map(([, variable, source]) => `    auth_request_set ${variable} ${source};`).join("\n")}
${variables.map(([name, variable]) => `    proxy_set_header ${name} ${variable};`).join("\n")}

    # A cookie of the verdict reaches the browser. (With an add_header here, those of server { } don't count: repeat them.)
    auth_request_set $akproxy_set_cookie $upstream_http_set_cookie;
    add_header Set-Cookie $akproxy_set_cookie always;

    proxy_pass ${upstream};
    proxy_set_header Cookie ${mapped.cookie};
${indented(forwardedLines(facts), "    ")}
${indented(passingLines(mapped), "    ")}
}`;
}

/** Proxy mode: everything goes to akproxy, which asks for the login and passes the request on. */
export function proxiedLocation(facts: SnippetFacts): string {
  return `location / {
    proxy_pass ${akproxy(facts)};
${indented(forwardedLines(facts), "    ")}
${indented(passingLines(ownMaps), "    ")}
}`;
}

/** The usual form of the login, for comments. */
export function startRedirect(facts: SnippetFacts): string {
  const { scheme, externalHost, port } = facts;
  return `return 302 ${scheme}://${externalHost}${port}${outpostPrefix}/start?rd=${scheme}://$host${port}$request_uri;`;
}

const closedVerdicts = `# Verdicts are for nginx alone; from outside there is nothing here.
location ^~ ${verdictPrefix} {
    return 404;
}`;

/** For akproxy's own endpoints, which believe an X-Original-URL: it must not be the client's. */
function ownLines(facts: SnippetFacts): string {
  return `${forwardedLines(facts)}\nproxy_set_header X-Original-URL "";\n${largeAnswers}`;
}

function akproxy(facts: SnippetFacts): string {
  return `http://${hostAndPort(facts.outpost)}`;
}

/**
 * $host and not $http_host: in a request for `http://a/` with `Host: b` nginx serves a, so a is what must be judged.
 * X-Forwarded-For is replaced, since nothing stands before this nginx that could have written a true one.
 */
function forwardedLines({ scheme, port }: SnippetFacts): string {
  return `proxy_http_version 1.1;
proxy_set_header Host $host${port};
proxy_set_header X-Forwarded-Host $host${port};
proxy_set_header X-Forwarded-Proto ${scheme};
proxy_set_header X-Forwarded-For $remote_addr;
proxy_set_header X-Real-IP $remote_addr;`;
}

/** What a verdict request tells: the request as the browser made it, in both ways of telling it. */
function askingLines(facts: SnippetFacts): string {
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
proxy_read_timeout 1h; # WebSockets and event streams may be quiet for long
proxy_send_timeout 1h;
${largeAnswers}`;
}

function variableOf(name: string): string {
  return `$akproxy_${snake(name).replace(/^x_authentik_/, "")}`;
}

function snake(name: string): string {
  return name.toLowerCase().replaceAll("-", "_");
}
