import type { HeaderLine } from "../../core/http/header-lines.ts";
import type { WireHandler } from "../../ports/wire.ts";

/**
 * The metrics and health application on a raw wire. It is asked with the fixed inner host `localhost`: Elysia looks for the path from a
 * URL's 11th character on, so a short Host of a client could shift it.
 */
export function adminHandler(fetch: (request: Request) => Response | Promise<Response>): WireHandler {
  return async ({ method, target }) => {
    try {
      const response = await fetch(new Request(`http://localhost${target.startsWith("/") ? target : "/"}`, { method }));
      const headers = [...response.headers].filter(([name]) => name !== "content-length");
      return { kind: "answer", answer: { status: response.status, headers, body: await response.text() } };
    } catch {
      const headers: HeaderLine[] = [["content-type", "text/plain; charset=utf-8"]];
      return { kind: "answer", answer: { status: 500, headers, body: "internal error\n" } };
    }
  };
}
