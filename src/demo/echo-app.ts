import type { HeaderLines } from "../core/http/header-lines.ts";
import { type EchoFacts, echoFacts } from "./echo-facts.ts";
import { echoPage, echoPolicy } from "./echo-page.ts";

/** A running echo application. */
export interface EchoApp {
  readonly url: string; //                         without a slash at its end
  close(): Promise<void>;
}

/**
 * Starts an application without login. It shows its request as a page, as JSON (`Accept: application/json`, or the path /json) or as
 * text. It marks `/public/…` as public, and `/ws` echoes WebSocket messages. Loopback only; port 0 takes a free port.
 */
export function startEchoApp(options: { readonly port: number; readonly hostname?: string }): EchoApp {
  const hostname = options.hostname ?? "127.0.0.1";
  if (!/^(127\.\d+\.\d+\.\d+|::1|localhost)$/.test(hostname)) {
    throw new Error(`echo application: address "${hostname}" is not loopback`);
  }
  const server = Bun.serve({
    port: options.port,
    hostname,
    websocket: {
      message(socket, message) {
        socket.send(message);
      },
    },
    async fetch(request, self) {
      const target = targetOf(request.url);
      if (request.headers.get("upgrade")?.toLowerCase() === "websocket") {
        if (target.split("?")[0] !== "/ws") return new Response("no WebSocket at this path\n", { status: 404 });
        return self.upgrade(request, { headers: chosenProtocol(request) })
          ? undefined
          : new Response("not a WebSocket handshake\n", { status: 400 });
      }
      return answer(await factsOf(request, target), request.headers.get("accept") ?? "");
    },
  });
  return {
    url: `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${server.port}`,
    close: () => server.stop(true),
  };
}

/** The first subprotocol of the offer. A browser closes a connection if the server chooses none of those that it offered. */
function chosenProtocol(request: Request): Record<string, string> {
  const first = request.headers.get("sec-websocket-protocol")?.split(",")[0]?.trim();
  return first === undefined ? {} : { "Sec-WebSocket-Protocol": first };
}

/** Path and query as Bun.serve has them: dot segments resolved (measured, Bun 1.4.5), escapes and `//` as sent. */
function targetOf(url: string): string {
  return url.replace(/^[a-z]+:\/\/[^/?]*/, "") || "/";
}

async function factsOf(request: Request, target: string): Promise<EchoFacts> {
  const lines: HeaderLines = [...request.headers];
  let bodyBytes = 0;
  for await (const chunk of request.body ?? []) bodyBytes += chunk.byteLength;
  return echoFacts({ method: request.method, target, lines, bodyBytes });
}

function answer(facts: EchoFacts, accept: string): Response {
  const wantsHtml = accept.includes("text/html");
  if (facts.target.split("?")[0] === "/json" || (accept.includes("json") && !wantsHtml)) {
    const { headers, ...rest } = facts;
    const body = `${JSON.stringify({ ...rest, headers: Object.fromEntries(headers) }, null, 2)}\n`;
    return send("application/json", "default-src 'none'", body);
  }
  if (wantsHtml) return send("text/html; charset=utf-8", echoPolicy, echoPage(facts));
  return send("text/plain; charset=utf-8", "default-src 'none'", textOf(facts));
}

function send(type: string, policy: string, body: string): Response {
  return new Response(body, {
    headers: {
      "content-type": type,
      "content-security-policy": policy,
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    },
  });
}

function textOf(facts: EchoFacts): string {
  const who = facts.visitor === null ? "anonymous" : `user ${facts.visitor.username}`;
  return [
    `${facts.method} ${facts.target}`,
    facts.access === "public" ? `public; ${who}` : who,
    "",
    ...facts.headers.map(([name, value]) => `${name}: ${value}`),
    "",
  ].join("\n");
}
