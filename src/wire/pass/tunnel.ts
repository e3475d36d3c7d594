import { createHash } from "node:crypto";
import { firstValue } from "../../core/http/header-lines.ts";
import type { Forwarding, TunnelLife } from "../../ports/wire.ts";
import { noBytes } from "../front/front-state.ts";
import type { ResponseHead } from "../message/response-head.ts";
import type { Pool } from "../upstream/pool.ts";
import { answerLines } from "../upstream/upstream-answer-lines.ts";
import { startExchange } from "./pass.ts";
import { unusable } from "./pass-answer.ts";
import type { TunnelClient, TunnelHandle } from "./pass-client.ts";
import { type Exchange, fail, leave } from "./pass-exchange.ts";
import {
  askToClose,
  clientDrained,
  clientEnded,
  clientGone,
  startTunnel,
  type Tunnel,
  toUpstream,
} from "./tunnel-relay.ts";

/**
 * Asks the upstream for a WebSocket and connects both sides once its 101 is valid (RFC 6455 4.2.2; WS-04); any other answer is passed as
 * an ordinary one. Failures as of `pass`; a bad 101 is upstream_unreachable. The upstream's connection is never used again.
 */
export function openTunnel(pool: Pool, pass: Forwarding, life: TunnelLife, client: TunnelClient): TunnelHandle {
  let tunnel: Tunnel | null = null;
  const exchange = startExchange(pool, pass, client, (asked, head, rest) => {
    const { connection } = asked;
    if (connection === null) return;
    const wrong = wrongWith(head, pass);
    if (wrong !== null) {
      fail(asked, "upstream_unreachable", unusable(asked, wrong));
      return;
    }
    tunnel = startTunnel(pool, client, life, connection);
    begin(tunnel, asked, head, rest);
  });
  return {
    bytes: (bytes) => (tunnel === null ? undefined : toUpstream(tunnel, bytes)),
    clientEnded: () => (tunnel === null ? void leave(exchange) : clientEnded(tunnel)),
    clientDrained: () => (tunnel === null ? exchange.clientDrained() : clientDrained(tunnel)),
    clientGone: () => (tunnel === null ? exchange.clientGone() : clientGone(tunnel)),
  };
}

/** What makes a 101 none that a WebSocket can begin with; null: nothing. */
function wrongWith({ upgrade, headers }: ResponseHead, { request }: Forwarding): string | null {
  if (upgrade?.toLowerCase() !== "websocket") return "a 101 that upgrades to no WebSocket";
  const key = firstValue(request.headers, "sec-websocket-key") ?? "";
  const accepted = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  return firstValue(headers, "sec-websocket-accept") === accepted ? null : "a 101 with a wrong Sec-WebSocket-Accept";
}

function begin(tunnel: Tunnel, exchange: Exchange, head: ResponseHead, rest: Buffer): void {
  const { client, life, connection } = tunnel;
  exchange.phase = "over";
  connection.occupant = tunnel;
  const headers = exchange.pass.forClient(answerLines(head.headers, "tunnel"));
  client.writeHead({ status: 101, reason: head.reason, headers, body: "tunnel" }, noBytes);
  if (rest.length > 0) tunnel.bytes(rest);
  else client.flush();
  exchange.pass.answered(101);
  life.opened((code, reason) => askToClose(tunnel, code, reason));
}
