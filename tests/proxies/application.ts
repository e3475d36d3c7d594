import { createHash } from "node:crypto";
import type { Socket } from "node:net";
import type { HeaderLines } from "../../src/core/http/header-lines.ts";
import { headerLinesOf, type RawExchange, startRawUpstream } from "../fakes/upstream.ts";

/** A request as the application received it. */
export interface SeenRequest {
  readonly method: string;
  readonly target: string; //                      origin-form, as received
  readonly headers: HeaderLines;
  readonly body: string; //                        a byte string; "" until it is whole, and for a WebSocket
}

export interface Application {
  readonly origin: string;
  readonly requests: readonly SeenRequest[];
  /** The requests whose target contains `part`. */
  seen(part: string): readonly SeenRequest[];
  /** Removes the recorded requests. */
  forget(): void;
  stop(): Promise<void>;
}

/** The application behind everything: records each request, answers with the request as JSON, and echoes WebSocket messages. */
export async function startApplication(): Promise<Application> {
  const requests: SeenRequest[] = [];
  const upstream = await startRawUpstream(async (exchange) => {
    const [method = "", target = ""] = exchange.head.split(" ");
    const headers = headerLinesOf(exchange.head);
    if (/\r\nupgrade: *websocket/i.test(exchange.head)) {
      requests.push({ method, target, headers, body: "" });
      return echo(exchange, headers);
    }
    if (/\r\nexpect: *100-continue/i.test(exchange.head)) exchange.write("HTTP/1.1 100 Continue\r\n\r\n");
    const body = await exchange.body();
    requests.push({ method, target, headers, body });
    const answer = target.startsWith("/own-refusal") ? "the application's own 401" : `the application saw ${target}`;
    const status = target.startsWith("/own-refusal") ? "401 Unauthorized" : "200 OK";
    const lines = [`HTTP/1.1 ${status}`, "Content-Type: text/plain", `Content-Length: ${answer.length}`];
    exchange.write(`${lines.join("\r\n")}\r\n\r\n${method === "HEAD" ? "" : answer}`);
  });
  return {
    origin: upstream.origin,
    requests,
    seen: (part) => requests.filter(({ target }) => target.includes(part)),
    forget() {
      requests.length = 0;
    },
    stop: upstream.stop,
  };
}

/** Opens the WebSocket (RFC 6455 4.2.2) and sends every short frame back. */
function echo({ socket, write }: RawExchange, headers: HeaderLines): void {
  const key = headers.find(([name]) => name.toLowerCase() === "sec-websocket-key")?.[1] ?? "";
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  const lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
  takeFrames(socket);
  write(`${[...lines, `Sec-WebSocket-Accept: ${accept}`].join("\r\n")}\r\n\r\n`);
}

function takeFrames(socket: Socket): void {
  let pending = Buffer.alloc(0);
  socket.removeAllListeners("data");
  socket.on("data", (data: Buffer) => {
    pending = Buffer.concat([pending, data]);
    for (;;) {
      const length = (pending[1] ?? 0) & 127;
      if (pending.length < 6 + length) return;
      const mask = pending.subarray(2, 6);
      const payload = pending.subarray(6, 6 + length).map((byte, at) => byte ^ (mask[at % 4] ?? 0));
      socket.write(Buffer.concat([Buffer.from([pending[0] ?? 0, length]), payload]));
      pending = pending.subarray(6 + length);
    }
  });
}
