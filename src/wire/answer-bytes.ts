import type { WireAnswer } from "../ports/wire.ts";
import { reasonOf } from "./response-text.ts";

/** What the connection does after an answer. */
export type Afterwards = "keep" | "close";

/**
 * An answer of our own as bytes: head and body in one piece, with Date, Content-Length and Connection. HEAD gets the head of its GET; 204
 * and 304 have neither body nor Content-Length of one (RFC 9110 8.6, 15.3.5, 15.4.5).
 */
export function answerBytes(
  answer: WireAnswer,
  method: string,
  version: "1.0" | "1.1",
  afterwards: Afterwards,
): Buffer {
  const body = Buffer.from(answer.body, "utf8");
  const isBodyless = answer.status === 204 || answer.status === 304;
  let head = `HTTP/1.1 ${answer.status} ${reasonOf(answer.status)}\r\n`;
  for (const [name, value] of answer.headers) head += `${name}: ${value}\r\n`;
  head += `date: ${httpDate()}\r\n`;
  if (!isBodyless) head += `content-length: ${body.length}\r\n`;
  if (afterwards === "close") head += "connection: close\r\n";
  else if (version === "1.0") head += "connection: keep-alive\r\n";
  const headBytes = Buffer.from(`${head}\r\n`, "latin1");
  return isBodyless || method === "HEAD" || body.length === 0 ? headBytes : Buffer.concat([headBytes, body]);
}

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
