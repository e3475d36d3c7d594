import type { HeaderLine } from "../core/http/header-lines.ts";
import type { EchoFacts, EchoVisitor } from "./echo-facts.ts";

const escaped = Bun.escapeHTML;

/** The style sheet of the echo page: the colours and shapes of akproxy's own pages. */
const echoStyle = `
:root{color-scheme:light dark;--ground:#f4f4f1;--card:#fff;--ink:#1b1d22;--soft:#565b66;--line:#e3e3dd;--well:#f8f8f5;--button:#1b1d22;--on-button:#fff;--focus:#2b5fd9;--ours:#1f7a4d}
@media (prefers-color-scheme:dark){:root{--ground:#101216;--card:#181b21;--ink:#eceef2;--soft:#a3a9b6;--line:#2a2e37;--well:#13161b;--button:#eceef2;--on-button:#14161a;--focus:#8fb1ff;--ours:#6fd0a0}}
*{box-sizing:border-box;margin:0}
html{font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{background:var(--ground);color:var(--ink);padding:3rem 1rem;overflow-wrap:anywhere}
main{display:grid;grid-template-columns:minmax(0,1fr);gap:1.25rem;max-width:56rem;margin:0 auto}
header{display:grid;grid-template-columns:auto minmax(0,1fr);gap:0 1.1rem;align-items:center;margin-bottom:.5rem}
.face{display:grid;place-items:center;width:3.5rem;height:3.5rem;border-radius:16px;background:var(--ours);color:var(--card);font-size:1.6rem;font-weight:650}
h1{font-size:1.75rem;line-height:1.2;font-weight:650;letter-spacing:-.015em}
header p{color:var(--soft)}
section{background:var(--card);border:1px solid var(--line);border-radius:16px;padding:1.35rem 1.6rem;box-shadow:0 1px 2px rgb(0 0 0/.04)}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(20rem,100%),1fr));gap:1.25rem}
h2{font-size:1rem;font-weight:600}
section>p{color:var(--soft);font-size:.9375rem;margin-top:.15rem}
dl{margin-top:.75rem;font-size:.9375rem}
dl div{display:grid;grid-template-columns:7rem minmax(0,1fr);gap:0 1rem;padding:.4rem 0;border-top:1px solid var(--line)}
dl div:first-child{border-top:0}
dt{color:var(--soft)}
.chip{display:inline-block;margin:0 .3rem .2rem 0;padding:0 .55rem;border:1px solid var(--line);border-radius:99px;background:var(--well);font-size:.875rem}
code,td,th,.log{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.8125rem}
table{width:100%;margin-top:.75rem;border-collapse:collapse;table-layout:fixed}
th,td{padding:.42rem 0;border-top:1px solid var(--line);text-align:left;vertical-align:top;font-weight:400}
th{width:15rem;padding-right:1rem;color:var(--soft)}
.ours th{color:var(--ours)}
.none{color:var(--soft);font-style:italic}
form{display:flex;gap:.6rem;margin-top:.9rem}
input{flex:1;min-width:0;padding:.5rem .8rem;border:1px solid var(--soft);border-radius:10px;background:var(--well);color:var(--ink);font:inherit}
button,.button{display:inline-block;border:1px solid transparent;border-radius:10px;padding:.5rem 1rem;background:var(--button);color:var(--on-button);font:inherit;font-weight:600;text-decoration:none;cursor:pointer}
button:hover,.button:hover{opacity:.86}
button:disabled{opacity:.5;cursor:default}
.log{min-height:4.6rem;margin-top:.75rem;padding:.6rem .8rem;background:var(--well);border:1px solid var(--line);border-radius:10px;color:var(--soft);white-space:pre-wrap}
nav{display:flex;flex-wrap:wrap;align-items:center;gap:.75rem 1.5rem;grid-column:1/-1;margin-top:1.25rem}
nav a:not(.button){color:var(--ink);text-underline-offset:.22em;text-decoration-color:var(--soft);text-decoration-thickness:1px}
:focus-visible{outline:3px solid var(--focus);outline-offset:3px}
@media (max-width:38rem){body{padding:1.25rem .75rem}section{padding:1.15rem 1.1rem}header{gap:0 .9rem}h1{font-size:1.4375rem}tr{display:block;padding:.45rem 0;border-top:1px solid var(--line)}th,td{display:block;width:auto;padding:0;border:0}}
`;

/** The only script of the echo page: sends messages over a WebSocket and shows the answers. */
const echoScript = `
const form = document.querySelector("form");
const log = document.querySelector(".log");
const say = (line) => { log.textContent = (log.textContent + line + "\\n").split("\\n").slice(-4).join("\\n"); };
if (form) {
  log.textContent = "";
  const socket = new WebSocket(location.origin.replace(/^http/, "ws") + "/ws");
  socket.onopen = () => { form.elements.send.disabled = false; say("connected"); };
  socket.onmessage = (event) => say("\\u2190 " + event.data);
  socket.onclose = (event) => { form.elements.send.disabled = true; say("closed: " + event.code + (event.reason ? " " + event.reason : "")); };
  form.onsubmit = (event) => {
    event.preventDefault();
    if (socket.readyState !== WebSocket.OPEN) return;
    say("\\u2192 " + form.elements.message.value);
    socket.send(form.elements.message.value);
  };
}
`;

/** The CSP of the echo page: its own style and script by hash, WebSockets to its own origin, nothing else. */
export const echoPolicy = `default-src 'none'; style-src ${hashSource(echoStyle)}; script-src ${hashSource(echoScript)}; connect-src 'self'; img-src data:; form-action 'none'; frame-ancestors 'none'; base-uri 'none'`;

function hashSource(text: string): string {
  return `'sha256-${new Bun.CryptoHasher("sha256").update(text).digest("base64")}'`;
}

/** The echo page: the user, the request, a WebSocket to try, and every header. All values are escaped. */
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
  const hello = name === null ? "Hello, anonymous user" : `Hello, ${name}`;
  const about =
    facts.access === "public"
      ? "This path is public: everyone may open it without a login."
      : "This application has no login. akproxy sent everything that it knows about you with the request.";
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
<h2>User</h2>
<p>The identity headers are empty or missing: the request is anonymous.</p>
</section>`;
  return `<section>
<h2>User</h2>
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
<p>Your messages go through akproxy to this application, which sends them back.</p>
<form><input name="message" aria-label="Message" value="hello" autocomplete="off"><button name="send" disabled>Send</button></form>
<div class="log" role="log">needs JavaScript</div>
</section>`;
}

function headersSection(facts: EchoFacts): string {
  const body = facts.bodyBytes === 0 ? "" : `, with a body of ${facts.bodyBytes} bytes`;
  return `<section>
<h2>Request</h2>
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

/** The beginning and the length of a token. */
function shortened(token: string): string {
  return token.length <= 40 ? token : `${token.slice(0, 32)}… (${token.length} characters)`;
}
