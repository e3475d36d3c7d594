import type { HeaderLines } from "../../core/http/header-lines.ts";
import type { WireAnswer } from "../../ports/wire.ts";
import { reasonOf } from "../message/write-head.ts";

/** What the connection does after the answer. */
export type Afterwards = "keep" | "close";

/**
 * akproxy's own answer as bytes: head and body in one piece, with Date, Content-Length and Connection. HEAD gets the head of its GET. 204
 * and 304 have no body and no Content-Length (RFC 9110 8.6, 15.3.5, 15.4.5).
 */
export function answerBytes(
  answer: WireAnswer,
  method: string,
  version: "1.0" | "1.1",
  afterwards: Afterwards,
): Buffer {
  const isRecurring = answer.status === 200 && answer.body === "" && version === "1.1" && afterwards === "keep";
  return isRecurring ? recurringBytes(answer) : newBytes(answer, method, version, afterwards);
}

function newBytes(answer: WireAnswer, method: string, version: "1.0" | "1.1", afterwards: Afterwards): Buffer {
  const body = Buffer.from(answer.body, "utf8");
  const isBodyless = answer.status === 204 || answer.status === 304;
  let head = `${headOf(answer)}date: ${httpDate()}\r\n`;
  if (!isBodyless) head += `content-length: ${body.length}\r\n`;
  if (afterwards === "close") head += "connection: close\r\n";
  else if (version === "1.0") head += "connection: keep-alive\r\n";
  const headBytes = Buffer.from(`${head}\r\n`, "latin1");
  return isBodyless || method === "HEAD" || body.length === 0 ? headBytes : Buffer.concat([headBytes, body]);
}

function headOf({ status, headers }: WireAnswer): string {
  let head = `HTTP/1.1 ${status} ${reasonOf(status)}\r\n`;
  for (const [name, value] of headers) head += `${name}: ${value}\r\n`;
  return head;
}

/**
 * A 200 without a body is the answer to a forward-auth check. Its lines are the same object as long as the identity of its session does
 * not change, so its bytes are made once a second, for their Date. Each second gets a new buffer, since the previous one may still be on
 * its way to a slow client.
 */
function recurringBytes(answer: WireAnswer): Buffer {
  const date = httpDate();
  const known = cachedBytes.get(answer.headers);
  if (known !== undefined && known.date === date) return known.bytes;
  const bytes = newBytes(answer, "GET", "1.1", "keep");
  cachedBytes.set(answer.headers, { date, bytes });
  return bytes;
}

const cachedBytes = new WeakMap<HeaderLines, { readonly date: string; readonly bytes: Buffer }>();

let dateSecond = 0;
let dateText = "";

/** The Date of an answer (RFC 9110 6.6.1), made once a second. */
export function httpDate(): string {
  const second = Math.floor(Date.now() / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateText = new Date(second * 1000).toUTCString();
  }
  return dateText;
}
