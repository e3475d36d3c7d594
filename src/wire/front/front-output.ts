import type { WireAnswer } from "../../ports/wire.ts";
import type { RequestHead } from "../message/request-head.ts";
import { answerBytes } from "./answer-bytes.ts";
import { type FrontConnection, noBytes } from "./front-state.ts";

/** How long a closing connection may go on: cut sooner, it could lose an answer that is still on its way to a slow client. */
export const closingMilliseconds = 30_000;

/** An answer of our own, and the connection's way from there. */
export function writeAnswer(
  connection: FrontConnection,
  head: Pick<RequestHead, "method" | "version">,
  answer: WireAnswer,
  wish: "keep" | "close",
): void {
  const keeps = wish === "keep" && !isLastRequest(connection);
  write(connection, answerBytes(answer, head.method, head.version, keeps ? "keep" : "close"));
  connection.exchange = null;
  if (keeps) connection.phase = "head";
  else closeAfterwards(connection);
}

/** Will none of the client's requests be served after the one in hand? What it sent before its FIN is. */
export function isLastRequest({ shared, clientEnded, unread }: FrontConnection): boolean {
  return shared.isDraining || (clientEnded && unread.length === 0);
}

/** Writes to the client; whether bytes wait is kept for the sweep. */
export function write(connection: FrontConnection, bytes: Uint8Array): boolean {
  const taken = connection.socket.write(bytes);
  if (!taken && connection.stalledSince === 0) connection.stalledSince = Date.now();
  return taken;
}

/** FIN after what waits; then what still comes in is thrown away for a moment, so that no RST overtakes the answer (RFC 9112 9.6). */
export function closeAfterwards(connection: FrontConnection): void {
  connection.phase = "closing";
  connection.unread = noBytes;
  connection.deadline = Date.now() + closingMilliseconds;
  connection.socket.resume();
  connection.socket.end();
}

/** Answers what can't be served, and closes: after a doubtful message nothing on this connection can be believed. */
export function refuse(
  connection: FrontConnection,
  refused: { readonly status: number; readonly reason: string },
  head: Pick<RequestHead, "method" | "version"> = { method: "GET", version: "1.1" },
): void {
  const { shared, socket } = connection;
  const answer = shared.refusal({ ...refused, peerAddress: socket.peerAddress });
  writeAnswer(connection, head, answer, "close");
}
