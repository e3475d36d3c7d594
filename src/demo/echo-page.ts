import type { HeaderLine } from "../core/http/header-lines.ts";
import type { EchoFacts, EchoVisitor } from "./echo-facts.ts";
import { echoScript } from "./echo-script.ts";
import { echoStyle } from "./echo-style.ts";

const escaped = Bun.escapeHTML;

/** The CSP of the echo page: its own style and script by hash, WebSockets to where it came from, and nothing else. */
export const echoPolicy = `default-src 'none'; style-src ${hashSource(echoStyle)}; script-src ${hashSource(echoScript)}; connect-src 'self'; img-src data:; form-action 'none'; frame-ancestors 'none'; base-uri 'none'`;

function hashSource(text: string): string {
  return `'sha256-${new Bun.CryptoHasher("sha256").update(text).digest("base64")}'`;
}

/** The echo page: who you are, what you asked for, a WebSocket to try, and every header; all values escaped. */
export function echoPage(facts: EchoFacts): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Echo application</title>
<link rel="icon" href="data:,">
<style>${echoStyle}</style>
</head>
<body>
<main>
${greetingOf(facts)}
<div class="pair">
${visitorSection(facts.visitor)}
${facts.access === "public" ? "" : socketSection()}
</div>
${headersSection(facts)}
</main>
<script>${echoScript}</script>
</body>
</html>
`;
}

function greetingOf(facts: EchoFacts): string {
  const name = facts.visitor === null ? null : facts.visitor.name || facts.visitor.username;
  const hello = name === null ? "Hello, whoever you are" : `Hello, ${name}`;
  const about =
    facts.access === "public"
      ? "This path is public: everybody sees it, and nobody is asked who they are."
      : "This application has no login. All it knows of you came with the request, set by akproxy.";
  const initial = Array.from(name ?? "?")[0] ?? "?";
  return `<header>
<div class="face" aria-hidden="true">${escaped(initial)}</div>
<div><h1>${escaped(hello)}</h1>
<p>${about}</p></div>
<nav>${linksOf(facts)}</nav>
</header>`;
}

function linksOf(facts: EchoFacts): string {
  const away =
    facts.access === "public"
      ? '<a href="/">Open a protected path</a>'
      : '<a href="/public/health">Open a public path</a>';
  const signOut = '<a class="button" href="/outpost.goauthentik.io/sign_out">Sign out</a>';
  return `${facts.visitor === null ? "" : signOut}${away}<a href="/json">See this as JSON</a>`;
}

function visitorSection(visitor: EchoVisitor | null): string {
  if (visitor === null)
    return `<section>
<h2>Who you are</h2>
<p>The identity headers are empty or missing: nobody is signed in as far as this application can see.</p>
</section>`;
  return `<section>
<h2>Who you are</h2>
<dl>
${row("User name", shownText(visitor.username))}
${row("Name", shownText(visitor.name))}
${row("Email", shownText(visitor.email))}
${row("Groups", chipsOf(visitor.groups))}
${row("Entitlements", chipsOf(visitor.entitlements))}
${row("Unique id", shownText(visitor.uid))}
</dl>
</section>`;
}

function row(label: string, html: string): string {
  return `<div><dt>${label}</dt><dd>${html}</dd></div>`;
}

function shownText(value: string): string {
  return value === "" ? '<span class="none">none</span>' : escaped(value);
}

function chipsOf(items: readonly string[]): string {
  return items.length === 0
    ? shownText("")
    : items.map((item) => `<span class="chip">${escaped(item)}</span>`).join("");
}

function socketSection(): string {
  return `<section>
<h2>WebSocket echo</h2>
<p>What you send goes through akproxy to this application, and comes back.</p>
<form><input name="message" aria-label="Message" value="hello" autocomplete="off"><button name="send" disabled>Send</button></form>
<div class="log" role="log">needs script</div>
</section>`;
}

function headersSection(facts: EchoFacts): string {
  const body = facts.bodyBytes === 0 ? "" : `, with a body of ${facts.bodyBytes} bytes`;
  return `<section>
<h2>What arrived</h2>
<p><code>${escaped(facts.method)} ${escaped(facts.target)}</code>${body}</p>
<table>
<tbody>
${facts.headers.map(headerRow).join("\n")}
</tbody>
</table>
</section>`;
}

function headerRow([name, value]: HeaderLine): string {
  const lower = name.toLowerCase();
  const kind = lower.startsWith("x-authentik-") ? ' class="ours"' : "";
  const shown = lower === "x-authentik-jwt" ? shortened(value) : value;
  return `<tr${kind}><th scope="row">${escaped(name)}</th><td>${shown === "" ? '<span class="none">empty</span>' : escaped(shown)}</td></tr>`;
}

/** The beginning and the length of a token: enough to see that it is there. */
function shortened(token: string): string {
  return token.length <= 40 ? token : `${token.slice(0, 32)}… (${token.length} characters)`;
}
