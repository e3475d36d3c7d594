import type { UpstreamWebSocket, WebSocketPeer } from "../ports/upstream-client.ts";
import { receivedCode, sendableCode, sendableReason } from "./close-code.ts";

/** Past this many unsent bytes on one side, the other side is not read (WS-05). */
const pauseAboveBytes = 1024 * 1024;

/** Bun tells nobody when its buffer empties: it is looked at this often, and only while it is too full. */
const drainPollMilliseconds = 20;

/** `WebSocket.OPEN`. */
const open = 1;

/** How long an upstream gets to answer a close before its connection is cut. */
const closeGraceMilliseconds = 5000;

type Arrival =
  | { readonly kind: "message"; readonly data: string | Uint8Array }
  | { readonly kind: "closed"; readonly code: number; readonly reason: string };

/**
 * A Bun WebSocket as the port wants it. It is not read until somebody is attached, nor while the client's side is full, so that what waits
 * here stays within what Bun has read already.
 */
export function openedWebSocket(socket: Bun.WebSocket): UpstreamWebSocket {
  const early: Arrival[] = [];
  let peer: WebSocketPeer | null = null;
  let closedByUs = false;
  let poll: ReturnType<typeof setInterval> | null = null;

  const deliver = (arrival: Arrival): void => {
    if (peer === null) early.push(arrival);
    else if (arrival.kind === "closed") peer.closed(arrival.code, arrival.reason);
    else if (peer.message(arrival.data) > pauseAboveBytes) socket.pause();
  };
  const stopPolling = (): void => {
    if (poll !== null) clearInterval(poll);
    poll = null;
  };
  const awaitDrain = (): void => {
    poll ??= setInterval(() => {
      if (socket.bufferedAmount > pauseAboveBytes) return;
      stopPolling();
      peer?.drained();
    }, drainPollMilliseconds);
  };

  socket.pause();
  socket.addEventListener("message", ({ data }: { readonly data: string | Uint8Array }) => {
    if (!closedByUs) deliver({ kind: "message", data });
  });
  socket.addEventListener("close", ({ code, reason }) => {
    stopPolling();
    if (!closedByUs) deliver({ kind: "closed", code: receivedCode(code), reason });
  });

  return {
    get protocol() {
      return socket.protocol;
    },
    send(message) {
      if (socket.readyState !== open) return 0;
      socket.send(message);
      const waiting = socket.bufferedAmount;
      if (waiting > pauseAboveBytes) awaitDrain();
      return waiting;
    },
    close(code, reason) {
      if (closedByUs || socket.readyState !== open) return;
      closedByUs = true;
      socket.resume(); // its answer to the close must be read
      socket.close(sendableCode(code), sendableReason(reason));
      setTimeout(() => socket.terminate(), closeGraceMilliseconds).unref();
    },
    attach(attached) {
      peer = attached;
      for (const arrival of early.splice(0)) deliver(arrival);
      socket.resume();
    },
    drained: () => void socket.resume(),
  };
}
