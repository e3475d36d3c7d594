import { outpostPrefix } from "../core/decide/endpoint.ts";
import { verdictPath, verdictPrefix } from "../core/forward-auth/dialects.ts";
import { identityHeaderNames } from "../core/identity/identity-fields.ts";
import { copiedNames, hostAndPort, type SnippetFacts } from "./snippet-facts.ts";
import { head, indented, ownCookiePattern, paragraphs, type SnippetFile } from "./snippet-text.ts";

/** Caddy 2.6 or later. Tabs, as `caddy fmt` has it. */
export function caddyFiles(facts: SnippetFacts): readonly SnippetFile[] {
  const sites = paragraphs(sitesOf(facts)).trimEnd();
  switch (facts.extent) {
    case "fragment": {
      const where = `Put this into the Caddyfile, or beside it with "import akproxy-${facts.slug}.caddyfile"; then: caddy reload`;
      return [{ name: `akproxy-${facts.slug}.caddyfile`, text: paragraphs([head("caddy", facts, [where]), sites]) }];
    }
    case "complete": {
      const how = "A whole config. Start it with: caddy run --adapter caddyfile --config Caddyfile";
      return [{ name: "Caddyfile", text: paragraphs([head("caddy", facts, [how]), globalOptions(facts), sites]) }];
    }
  }
}

function globalOptions({ listen }: SnippetFacts): string {
  const automatic = listen.scheme === "http" ? "\n\tauto_https off" : "";
  return `{\n\tadmin off${automatic}\n}`;
}

function sitesOf(facts: SnippetFacts): readonly string[] {
  switch (facts.mode) {
    case "proxy":
      return [site(facts, facts.hosts, `${cleaning}\n\n${toOutpost(facts)}`)];
    case "forward_single":
      return [site(facts, facts.hosts, guarded(facts))];
    case "forward_domain":
      return [
        `# The authentication host: every login returns to it. All of its paths belong to akproxy.
${site(facts, [facts.externalHost], `${closedVerdicts}\n\nhandle {\n${indented(toOutpost(facts), "\t")}\n}`)}`,
        `# The applications. Repeat this site for each application with an upstream of its own.
${site(facts, facts.hosts, guarded(facts))}`,
      ];
  }
}

function site(facts: SnippetFacts, hosts: readonly string[], body: string): string {
  const { listen, certificate } = facts;
  const addresses = hosts.map((host) => `${listen.scheme}://${host}:${listen.port}`).join(", ");
  const bind = listen.host === "" ? "" : `bind ${listen.host.replace(/^\[|\]$/g, "")}\n`;
  const needsFiles = listen.scheme === "https" && certificate.origin === "given";
  const tls = needsFiles ? `tls ${certificate.file} ${certificate.keyFile}\n` : wildcardNote(facts, hosts);
  return `${addresses} {\n${indented(`${bind}${tls}${body}`, "\t")}\n}`;
}

function wildcardNote(facts: SnippetFacts, hosts: readonly string[]): string {
  const needed = facts.listen.scheme === "https" && hosts.some((host) => host.startsWith("*."));
  return needed
    ? "# FILL IN: a certificate for all hosts needs a DNS challenge (tls { dns … }) or files (--certificate)\n"
    : "";
}

/** Removes every name that contains `authentik`, whatever is before and after it (HDR-01, HDR-03, HDR-04). */
const cleaning = `# Only akproxy names the user: remove these headers of a client, in every spelling.
request_header -*authentik*

# Only the upgrade to WebSocket passes, and no Connection header that would remove one of these headers.
@websocket header_regexp Upgrade (?i)^websocket$
@plain not header_regexp Upgrade (?i)^websocket$
request_header @websocket Connection Upgrade
request_header @plain -Connection
request_header @plain -Upgrade`;

const closedVerdicts = `# Only Caddy may ask for verdicts: clients get 404.
handle ${verdictPrefix}* {
	respond 404
}`;

function guarded(facts: SnippetFacts): string {
  return `${cleaning}

${closedVerdicts}

# akproxy's own endpoints (callback, sign out, start): no login is needed here.
handle ${outpostPrefix}/* {
${indented(toOutpost(facts), "\t")}
}

# The application: a request passes only with a 2xx verdict. The browser gets any other answer unchanged.
handle {
${indented(verdict(facts), "\t")}

${indented(toApplication(facts), "\t")}
}`;
}

/** The steps of forward_auth, written out, because forward_auth cannot relay the verdict's cookie. */
function verdict(facts: SnippetFacts): string {
  const always = identityHeaderNames.map(
    (name) => `request_header ${canonical(name)} {http.reverse_proxy.header.${canonical(name)}}`,
  );
  const others = copiedNames(facts).filter((name) => !identityHeaderNames.includes(name));
  return `reverse_proxy http://${hostAndPort(facts.outpost)} {
	method GET
	rewrite ${verdictPath("caddy")}
	header_up X-Forwarded-Proto ${facts.scheme}
	header_up X-Forwarded-Host {http.request.hostport}
	header_up X-Forwarded-Method {http.request.method}
	header_up X-Forwarded-Uri {http.request.uri}
	transport http {
		dial_timeout 5s
		response_header_timeout 30s
	}

	@allowed status 2xx
	handle_response @allowed {
		route {
${indented([...always, ...others.map(copyIfThere), relayCookie].join("\n"), "\t\t\t")}
		}
	}
}`;
}

const relayCookie = `@cookie expression {http.reverse_proxy.header.Set-Cookie} != null
header @cookie +Set-Cookie {http.reverse_proxy.header.Set-Cookie}`;

/** A header that only some verdicts have. The client's is removed in any case. */
function copyIfThere(name: string): string {
  const matcher = `@${name.toLowerCase()}`;
  return `request_header -${canonical(name)}
${matcher} expression {http.reverse_proxy.header.${canonical(name)}} != null
request_header ${matcher} ${canonical(name)} {http.reverse_proxy.header.${canonical(name)}}`;
}

/** The spelling of Go, the only one that Caddy's placeholders accept. */
function canonical(name: string): string {
  return name.toLowerCase().replace(/(?<=^|-)[a-z]/g, (letter) => letter.toUpperCase());
}

function toOutpost(facts: SnippetFacts): string {
  return `reverse_proxy http://${hostAndPort(facts.outpost)} {
	header_up X-Forwarded-Proto ${facts.scheme}
	header_up -X-Original-*
}`;
}

function toApplication(facts: SnippetFacts): string {
  return `reverse_proxy http://${hostAndPort(facts.upstream)} {
	header_up X-Forwarded-Proto ${facts.scheme}
	# Remove akproxy's cookies: the application could use them as the user. Of adjacent cookies each line removes every second.
${Array(4).fill(`	header_up Cookie "(?i)(^|; *)${ownCookiePattern}(?:; *|$)" $1`).join("\n")}
}`;
}
