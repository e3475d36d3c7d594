import { firstValue } from "../../core/http/header-lines.ts";
import type { WireAnswer } from "../../ports/wire.ts";
import { responseHeadText } from "../message/response-text.ts";
import type { AnswerHead, ClientSide } from "../pass/pass-client.ts";
import { httpDate } from "./answer-bytes.ts";
import { closeAfterwards, isLastRequest, write, writeAnswer } from "./front-output.ts";
import { type FrontConnection, type FrontExchange, noBytes } from "./front-state.ts";

/** With no more than this the body's first bytes and the head before them go out in one piece. */
const joinableBytes = 16 * 1024;

/** How an exchange is answered; see ClientSide. */
export type Answering = Pick<
  ClientSide,
  "writeHead" | "write" | "flush" | "endBody" | "answer" | "abort" | "informational"
>;

export const answering: Answering & ThisType<FrontExchange> = {
  writeHead(head, spent) {
    holdHead(this.connection, this, head, spent);
  },
  write(bytes) {
    return writeBody(this.connection, this, bytes);
  },
  flush() {
    flushHead(this.connection, this);
  },
  endBody() {
    const { connection } = this;
    flushHead(connection, this);
    endLife(this);
    if (this.body.isDone && !this.closesAfter) this.next(connection);
    else closeAfterwards(connection);
  },
  answer(answer: WireAnswer) {
    const { connection, head } = this;
    this.hasHead = true;
    writeAnswer(connection, head, answer, this.body.isDone && head.keepAlive ? "keep" : "close");
    if (connection.phase === "head") this.next(connection);
  },
  abort() {
    this.heldHead = null;
    endLife(this);
    this.connection.socket.terminate();
  },
  informational(status, reason, headers) {
    if (this.version === "1.1")
      write(this.connection, Buffer.from(responseHeadText(status, reason, headers), "latin1"));
  },
};

function holdHead(connection: FrontConnection, exchange: FrontExchange, answer: AnswerHead, spent: Buffer): void {
  const { head } = exchange;
  exchange.hasHead = true;
  if (answer.body === "tunnel") beginTunnel(connection, exchange);
  exchange.lifeEnded = exchange.life?.begun(answer.headers, exchange) ?? null;
  // RFC 9112 9.3, 9.6: an upload that is under way at the end of its answer ends with the connection, and the client is told
  exchange.closesAfter =
    answer.body === "until_close" || !head.keepAlive || !exchange.body.isDone || isLastRequest(connection);
  const more = connectionText(exchange, answer);
  exchange.heldHead = bytesBefore(spent, responseHeadText(answer.status, answer.reason, answer.headers, more));
}

/** The text at the end of `spent`, where there is room for it. */
function bytesBefore(spent: Buffer, text: string): Buffer {
  const start = spent.length - text.length;
  if (start < 0) return Buffer.from(text, "latin1");
  spent.write(text, start, "latin1");
  return spent.subarray(start);
}

/** Says once that the answer has ended, however. */
export function endLife(exchange: FrontExchange): void {
  const { lifeEnded } = exchange;
  exchange.lifeEnded = null;
  lifeEnded?.();
}

/** What came behind the handshake belongs to the other protocol now; it is handed on once the 101 is out. */
function beginTunnel(connection: FrontConnection, exchange: FrontExchange): void {
  const { unread } = connection;
  connection.phase = "tunnel";
  connection.unread = noBytes;
  connection.socket.resume();
  if (unread.length > 0) queueMicrotask(() => exchange.tunnel?.bytes(unread));
  if (connection.clientEnded) queueMicrotask(() => exchange.tunnel?.clientEnded());
}

/** The lines that are the front's to say. */
function connectionText(exchange: FrontExchange, answer: AnswerHead): string {
  if (answer.body === "tunnel") return "Connection: Upgrade\r\n";
  // RFC 9110 6.6.1: who forwards an answer without a Date adds it
  const date = firstValue(answer.headers, "date") === null ? `date: ${httpDate()}\r\n` : "";
  if (exchange.closesAfter) return `${date}Connection: close\r\n`;
  return exchange.version === "1.0" ? `${date}Connection: keep-alive\r\n` : date;
}

function writeBody(connection: FrontConnection, exchange: FrontExchange, bytes: Uint8Array): boolean {
  const { heldHead } = exchange;
  if (heldHead === null) return write(connection, bytes);
  exchange.heldHead = null;
  // an upstream's head is rarely shorter than what the client gets of it, so this is the rule: no copy, and one call of the system
  if (heldHead.buffer === bytes.buffer && heldHead.byteOffset + heldHead.length === bytes.byteOffset)
    return write(connection, new Uint8Array(bytes.buffer, heldHead.byteOffset, heldHead.length + bytes.length));
  if (bytes.length <= joinableBytes) return write(connection, Buffer.concat([heldHead, bytes]));
  write(connection, heldHead);
  return write(connection, bytes);
}

function flushHead(connection: FrontConnection, exchange: FrontExchange): void {
  const { heldHead } = exchange;
  exchange.heldHead = null;
  if (heldHead !== null) write(connection, heldHead);
}
