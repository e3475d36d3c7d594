import { connect, type Socket } from "node:net";
import type { HeaderLine, HeaderLines } from "../../src/core/http/header-lines.ts";

/** One answer as received. All text is one UTF-16 unit a byte. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: HeaderLines;
  readonly body: string; //                        framing taken off
}

/** The result of one connection: every complete answer, the bytes, and whether the server closed it. */
export interface RawExchange {
  readonly answers: readonly RawAnswer[];
  readonly bytes: string;
  readonly closed: boolean;
}

export interface RawOptions {
  readonly answers?: number; //                    how many answers to wait for; 1
  readonly millisecondsToWait?: number; //         after which it returns what it has; 2000
}

/**
 * Writes `bytes` to 127.0.0.1:`port` as they are, in one piece or in several with a turn of the loop between, and reads until
 * `answers` are whole or the server closes. `fetch` normalises paths and header lines, so these tests cannot use it.
 */
export function sendRaw(
  port: number,
  bytes: string | readonly string[],
  options: RawOptions = {},
): Promise<RawExchange> {
  const { answers: wanted = 1, millisecondsToWait = 2000 } = options;
  const { promise, resolve } = Promise.withResolvers<RawExchange>();
  let received = "";
  const socket: Socket = connect({ port, host: "127.0.0.1" });
  const finish = (closed: boolean) => {
    clearTimeout(timer);
    socket.destroy();
    resolve({ answers: answersIn(received, methodsIn(bytes)), bytes: received, closed });
  };
  const timer = setTimeout(() => finish(false), millisecondsToWait);
  socket.on("data", (data: Buffer) => {
    received += data.toString("latin1");
    if (answersIn(received, methodsIn(bytes)).length >= wanted) finish(false);
  });
  socket.on("end", () => finish(true));
  socket.on("error", () => finish(true));
  socket.on("connect", async () => {
    for (const part of typeof bytes === "string" ? [bytes] : bytes) {
      socket.write(Buffer.from(part, "latin1"));
      await new Promise<void>((next) => setImmediate(next));
    }
  });
  return promise;
}

/** Several requests on one connection, each written when the answer to the one before is whole. */
export async function converse(port: number, requests: readonly string[]): Promise<readonly RawAnswer[]> {
  const socket = connect({ port, host: "127.0.0.1" });
  let received = "";
  let wake: () => void = () => undefined;
  let closed = false;
  socket.on("data", (data: Buffer) => {
    received += data.toString("latin1");
    wake();
  });
  socket.on("error", () => undefined);
  socket.on("close", () => {
    closed = true;
    wake();
  });
  const answers: RawAnswer[] = [];
  for (const request of requests) {
    received = "";
    socket.write(Buffer.from(request, "latin1"));
    const methods = methodsIn(request);
    while (!closed && answersIn(received, methods).length === 0) {
      await new Promise<void>((woken) => {
        wake = woken;
      });
    }
    answers.push(...answersIn(received, methods));
  }
  socket.destroy();
  return answers;
}

/** A request as text: the line, the header lines in their order, an empty line, the body. */
export function requestText(line: string, headers: HeaderLines, body = ""): string {
  return `${line}\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${body}`;
}

/** The values of all header lines called `name`, any case. */
export function headerValues(message: { readonly headers: HeaderLines }, name: string): readonly string[] {
  return message.headers.filter(([other]) => other.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
}

/** The value of the first; "" when there is none. */
export function header(message: { readonly headers: HeaderLines }, name: string): string {
  return headerValues(message, name)[0] ?? "";
}

function methodsIn(bytes: string | readonly string[]): readonly string[] {
  const text = typeof bytes === "string" ? bytes : bytes.join("");
  return [...text.matchAll(/(?:^|\n)([A-Z]+) [^\r\n]* HTTP\/1/g)].map((match) => match[1] ?? "");
}

/** The complete answers in `received`, without 1xx other than 101. */
function answersIn(received: string, methods: readonly string[]): readonly RawAnswer[] {
  const answers: RawAnswer[] = [];
  let rest = received;
  for (;;) {
    const end = rest.indexOf("\r\n\r\n");
    if (end === -1) break;
    const [statusLine = "", ...lines] = rest.slice(0, end).split("\r\n");
    const headers = lines.map((line): HeaderLine => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    });
    const status = Number(statusLine.split(" ")[1]);
    if (status >= 100 && status < 200 && status !== 101) {
      rest = rest.slice(end + 4);
      continue;
    }
    const bodyless = methods[answers.length] === "HEAD" || status === 204 || status === 304 || status === 101;
    const framed = bodyless ? { body: "", length: 0 } : bodyOf(rest.slice(end + 4), headers);
    if (framed === null) break;
    answers.push({ status, headers, body: framed.body });
    rest = rest.slice(end + 4 + framed.length);
  }
  return answers;
}

function bodyOf(rest: string, headers: HeaderLines): { readonly body: string; readonly length: number } | null {
  if (header({ headers }, "transfer-encoding").toLowerCase() === "chunked") return unchunked(rest);
  const length = Number(header({ headers }, "content-length") || "0");
  return rest.length < length ? null : { body: rest.slice(0, length), length };
}

function unchunked(framed: string): { readonly body: string; readonly length: number } | null {
  let at = 0;
  let body = "";
  for (;;) {
    const line = framed.indexOf("\r\n", at);
    if (line === -1) return null;
    const size = Number.parseInt(framed.slice(at, line), 16);
    if (Number.isNaN(size) || framed.length < line + 2 + size + 2) return null;
    if (size === 0) return { body, length: line + 4 };
    body += framed.slice(line + 2, line + 2 + size);
    at = line + 2 + size + 2;
  }
}
