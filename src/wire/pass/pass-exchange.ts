import type { FailureCode } from "../../core/failure.ts";
import type { Forwarding } from "../../ports/wire.ts";
import type { ResponseHead } from "../message/response-head.ts";
import type { Pool } from "../upstream/pool.ts";
import { cut, type Occupant, type UpstreamConnection } from "../upstream/upstream-connection.ts";
import type { AnswerBody, BodyTarget } from "./pass-body.ts";
import type { ClientSide, PassHandle } from "./pass-client.ts";

/** What becomes of a 101 with what came behind it. */
export type SwitchedProtocols = (exchange: Exchange, head: ResponseHead, rest: Buffer) => void;

/**
 * One request on its way to an upstream and back. Its functions are shared by all exchanges and find theirs by `this`, so that a request
 * costs one object and no closures.
 */
export interface Exchange extends Occupant, PassHandle, BodyTarget {
  readonly pool: Pool;
  readonly pass: Forwarding;
  readonly client: ClientSide;
  readonly switched: SwitchedProtocols | null; //  null: no upgrade is asked for
  connection: UpstreamConnection | null; //        null: not begun
  readonly headText: string; //                    what is sent before the body
  unsentHead: string; //                           the same until it was sent, then ""
  /** `asking`: no final head has come. `answering`: it went to the client. `over`: nothing more is done. */
  phase: "asking" | "answering" | "over";
  upload: "running" | "whole";
  hasBegunBody: boolean; //                        a byte of the request's body was given to a connection
  holdsClient: boolean; //                         the client's body is stopped
  hasRetried: boolean;
  received: Buffer | null; //                      of an answer's head
  searchedTo: number; //                           how far `received` was searched for its end
  interimHeads: number;
  body: AnswerBody; //                             once answering
  keepsConnection: boolean; //                     by the answer's head
  expiresAt: number;
}

/** Ends an exchange that failed: by a page where none of an answer has gone to the client, else by breaking the transfer. */
export function fail(exchange: Exchange, code: FailureCode, reason: string): void {
  const hadHead = exchange.phase === "answering";
  if (!leave(exchange)) return;
  if (hadHead) exchange.client.abort();
  else exchange.client.answer(exchange.pass.failed(code, reason));
}

/** Gives the exchange and its connection up; the client is told nothing. False: it was over. */
export function leave(exchange: Exchange): boolean {
  if (exchange.phase === "over") return false;
  exchange.phase = "over";
  if (exchange.connection !== null) cut(exchange.connection);
  return true;
}
