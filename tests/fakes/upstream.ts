import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { HeaderLine, HeaderLines } from "../../src/core/http/header-lines.ts";

/** One request on a scripted connection. All text is one UTF-16 unit a byte. */
export interface RawExchange {
  readonly head: string; //                        request line and header lines as received, without the empty line
  readonly connection: number; //                  counts from 1
  readonly socket: Socket;
  /** The request's body, framing taken off, when it has come whole. */
  body(): Promise<string>;
  /** Bytes of body (with framing) that have come so far. */
  received(): number;
  write(bytes: string | Uint8Array): void;
  /** Ends the connection in order (FIN). */
  end(bytes?: string): void;
  /** Breaks the connection off (RST). */
  reset(): void;
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
}

export interface RawUpstream {
  readonly port: number; //                        0 for a unix socket
  readonly hostAndPort: string; //                 127.0.0.1:PORT
  readonly origin: string;
  readonly exchanges: readonly RawExchange[];
  connections(): number; //                        how many were ever opened
  stop(): Promise<void>;
}

export interface RawUpstreamOptions {
  readonly tls?: { readonly certificatePem: string; readonly keyPem: string };
  readonly unixPath?: string;
}

/** A scripted upstream on loopback: `handler` runs when a request's head has come, and writes any bytes. */
export async function startRawUpstream(
  handler: (exchange: RawExchange) => void | Promise<void>,
  options: RawUpstreamOptions = {},
): Promise<RawUpstream> {
  const exchanges: RawExchange[] = [];
  const sockets = new Set<Socket>();
  let opened = 0;
  const onSocket = (socket: Socket): void => {
    opened += 1;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    serveSocket(socket, opened, (exchange) => {
      exchanges.push(exchange);
      void handler(exchange);
    });
  };
  const { tls } = options;
  const server: Server =
    tls === undefined
      ? createServer(onSocket)
      : createTlsServer({ cert: tls.certificatePem, key: tls.keyPem }, onSocket).on("tlsClientError", () => undefined);
  await new Promise<void>((done) => {
    if (options.unixPath === undefined) server.listen(0, "127.0.0.1", done);
    else server.listen(options.unixPath, done);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const hostAndPort = `127.0.0.1:${port}`;
  return {
    port,
    hostAndPort,
    origin: `${tls === undefined ? "http" : "https"}://${hostAndPort}`,
    exchanges,
    connections: () => opened,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
}

/** Starts scripted upstreams for the tests of a file, of which `afterEach(stopAll)` stops those of a test. */
export function scriptedUpstreams() {
  const started: RawUpstream[] = [];
  return {
    async scripted(
      handler: (exchange: RawExchange) => void | Promise<void> = () => undefined,
      options: RawUpstreamOptions = {},
    ): Promise<RawUpstream> {
      const upstream = await startRawUpstream(handler, options);
      started.push(upstream);
      return upstream;
    },
    async stopAll(): Promise<void> {
      for (const upstream of started.splice(0)) await upstream.stop();
    },
  };
}

/** Splits what comes on a socket into requests by Content-Length and chunked framing. */
function serveSocket(socket: Socket, connection: number, begin: (exchange: RawExchange) => void): void {
  let pending = "";
  let current: { readonly feed: (bytes: string) => string | null } | null = null;
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  socket.on("close", () => resolve());
  socket.on("error", () => undefined);
  socket.on("data", (data: Buffer) => {
    pending += data.toString("latin1");
    for (;;) {
      if (current !== null) {
        const rest = current.feed(pending);
        pending = "";
        if (rest === null) return;
        pending = rest;
        current = null;
      }
      const end = pending.indexOf("\r\n\r\n");
      if (end === -1) return;
      const head = pending.slice(0, end);
      pending = pending.slice(end + 4);
      const body = bodyReader(head);
      current = body;
      begin({
        head,
        connection,
        socket,
        body: () => body.whole,
        received: body.received,
        write: (bytes) => void socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes),
        end: (bytes = "") => void socket.end(Buffer.from(bytes, "latin1")),
        reset: () => void socket.resetAndDestroy(),
        closed,
      });
    }
  });
}

interface BodyReader {
  readonly whole: Promise<string>;
  readonly received: () => number;
  /** Takes bytes; answers what is left over when the body is whole, else null. */
  readonly feed: (bytes: string) => string | null;
}

function bodyReader(head: string): BodyReader {
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  const chunked = /\r\ntransfer-encoding: *chunked/i.test(head);
  const { promise, resolve } = Promise.withResolvers<string>();
  const parts: string[] = [];
  let received = 0;
  const feed = (bytes: string): string | null => {
    received += bytes.length;
    parts.push(bytes);
    if (!chunked) {
      const wanted = Number(length ?? 0);
      if (received < wanted) return null;
      const all = parts.join("");
      resolve(all.slice(0, wanted));
      return all.slice(wanted);
    }
    if (!parts.slice(-2).join("").includes("0\r\n\r\n")) return null;
    const all = parts.join("");
    const unframed = unchunk(all);
    if (unframed === null) return null;
    resolve(unframed.body);
    return all.slice(unframed.end);
  };
  return { whole: promise, received: () => received, feed };
}

function unchunk(framed: string): { readonly body: string; readonly end: number } | null {
  let at = 0;
  const chunks: string[] = [];
  for (;;) {
    const line = framed.indexOf("\r\n", at);
    if (line === -1) return null;
    const size = Number.parseInt(framed.slice(at, line), 16);
    const next = line + 2 + size + 2;
    // a size that is not a number makes `next` NaN: such a body is never complete
    if (!(next <= framed.length)) return null;
    if (size === 0) return { body: chunks.join(""), end: next };
    chunks.push(framed.slice(line + 2, line + 2 + size));
    at = next;
  }
}

/** The name and value of each header line of a request head, as received. */
export function headerLinesOf(head: string): HeaderLines {
  return head
    .split("\r\n")
    .slice(1)
    .map((line): HeaderLine => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, "")];
    });
}

/** A request as an ordinary application receives it. */
export interface RecordedRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: HeaderLines;
  readonly body: string; //                        a byte string
}

export interface RecordedAnswer {
  readonly status?: number;
  readonly headers?: HeaderLines;
  readonly body?: string; //                       a byte string
}

export interface RecordingUpstream extends RawUpstream {
  readonly requests: readonly RecordedRequest[];
}

/** An upstream that records each request whole and answers 200 `ok` (text/plain), or what `answer` says. */
export async function startRecordingUpstream(
  answer: (request: RecordedRequest) => RecordedAnswer = () => ({}),
  options: RawUpstreamOptions = {},
): Promise<RecordingUpstream> {
  const requests: RecordedRequest[] = [];
  const upstream = await startRawUpstream(async (exchange) => {
    const [method = "", target = ""] = exchange.head.split(" ");
    const recorded = { method, target, headers: headerLinesOf(exchange.head), body: await exchange.body() };
    requests.push(recorded);
    const { status = 200, headers = [["Content-Type", "text/plain"]], body = "ok" } = answer(recorded);
    const lines = [...headers, ["Content-Length", String(body.length)]].map(([name, value]) => `${name}: ${value}`);
    exchange.write(`HTTP/1.1 ${status} X\r\n${lines.join("\r\n")}\r\n\r\n${method === "HEAD" ? "" : body}`);
  }, options);
  return { ...upstream, requests };
}
