import type { HeaderLines } from "../../src/core/header-lines.ts";
import type { Upstream } from "../../src/core/provider.ts";
import type { UpstreamRequest } from "../../src/core/upstream-request.ts";
import { fetchUpstream } from "../../src/upstream/http-client.ts";

/** A plain upstream at `hostAndPort`, with what a test wants different. */
export function upstreamAt(hostAndPort: string, different: Partial<Upstream> = {}): Upstream {
  return {
    scheme: "http",
    hostAndPort,
    unixPath: null,
    basePath: "",
    baseQuery: "",
    verifyTls: true,
    caPem: null,
    serverName: null,
    ...different,
  };
}

/** `GET /a` to a plain upstream, with what a test wants different. */
export function requestTo(hostAndPort: string, different: Partial<UpstreamRequest> = {}): UpstreamRequest {
  return {
    method: "GET",
    upstream: upstreamAt(hostAndPort),
    target: "/a",
    headers: [["Host", "app.test"]],
    timeoutSeconds: 10,
    ...different,
  };
}

/** A signal that never aborts. */
export function noAbort(): AbortSignal {
  return new AbortController().signal;
}

/** The text as a stream, a chunk for each part. */
export function streamOf(...parts: readonly string[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const part of parts) controller.enqueue(Buffer.from(part, "latin1"));
      controller.close();
    },
  });
}

/** A body as a byte string. */
export async function textOf(body: ReadableStream<Uint8Array> | null): Promise<string> {
  if (body === null) return "";
  return Buffer.from(await new Response(body).arrayBuffer()).toString("latin1");
}

/** The upstream's answer as a client of a Bun server that hands it on gets it, as akproxy does. */
export function serveFrom(hostAndPort: string, different: Partial<UpstreamRequest> = {}): Bun.Server<undefined> {
  const send = fetchUpstream();
  return Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    development: false,
    idleTimeout: 0,
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    async fetch(incoming) {
      const url = new URL(incoming.url);
      const length = incoming.headers.get("content-length");
      const headers: HeaderLines = length === null ? [] : [["Content-Length", length]];
      const request = requestTo(hostAndPort, {
        method: incoming.method,
        target: url.pathname + url.search,
        headers: [["Host", "app.test"], ...headers],
        ...different,
      });
      const answer = await send(request, incoming.body, incoming.signal);
      return new Response(answer.body, {
        status: answer.status,
        headers: answer.headers.map(([name, value]): [string, string] => [name, value]),
      });
    },
  });
}
