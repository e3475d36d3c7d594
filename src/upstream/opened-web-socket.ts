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
  const drain = drainWatch(socket, () => peer?.drained());
  const arrived = (arrival: Arrival): void => {
    if (closedByUs) return;
    if (peer === null) early.push(arrival);
    else deliver(arrival, peer, socket);
  };

  socket.pause();
  socket.addEventListener("message", ({ data }: { readonly data: string | Uint8Array }) => {
    arrived({ kind: "message", data });
  });
  socket.addEventListener("close", ({ code, reason }) => {
    drain.stop();
    arrived({ kind: "closed", code: receivedCode(code), reason });
  });

  return {
    get protocol() {
      return socket.protocol;
    },
    send(message) {
      if (socket.readyState !== open) return 0;
      socket.send(message);
      return drain.waiting();
    },
    close(code, reason) {
      if (closedByUs || socket.readyState !== open) return;
      closedByUs = true;
      closeInTime(socket, code, reason);
    },
    attach(attached) {
      peer = attached;
      for (const arrival of early.splice(0)) deliver(arrival, attached, socket);
      socket.resume();
    },
    drained: () => void socket.resume(),
  };
}

function deliver(arrival: Arrival, peer: WebSocketPeer, socket: Bun.WebSocket): void {
  switch (arrival.kind) {
    case "closed":
      peer.closed(arrival.code, arrival.reason);
      return;
    case "message":
      if (peer.message(arrival.data) > pauseAboveBytes) socket.pause();
  }
}

function closeInTime(socket: Bun.WebSocket, code: number, reason: string): void {
  socket.resume(); // its answer to the close must be read
  socket.close(sendableCode(code), sendableReason(reason));
  const timer = setTimeout(() => socket.terminate(), closeGraceMilliseconds);
  socket.addEventListener("close", () => clearTimeout(timer));
}

interface DrainWatch {
  /** How much waits unsent; when it is too much, `drained` is called once it no longer is. */
  waiting(): number;
  stop(): void;
}

function drainWatch(socket: Bun.WebSocket, drained: () => void): DrainWatch {
  let poll: ReturnType<typeof setInterval> | null = null;
  const stop = (): void => {
    if (poll !== null) clearInterval(poll);
    poll = null;
  };
  const look = (): void => {
    if (socket.bufferedAmount > pauseAboveBytes) return;
    stop();
    drained();
  };
  const waiting = (): number => {
    const bytes = socket.bufferedAmount;
    if (bytes > pauseAboveBytes) poll ??= setInterval(look, drainPollMilliseconds);
    return bytes;
  };
  return { waiting, stop };
}
