import type { UpstreamWebSocket } from "../ports/upstream-client.ts";

/** A client's open WebSocket, as the server gives it. */
export interface ClientSocket {
  /** Sends a message; returns how many bytes wait unsent towards the client. */
  send(data: string | Uint8Array): number;
  close(code: number, reason: string): void;
  /** Stops reading from the client, and goes on. */
  pause(): void;
  resume(): void;
  /** Cuts the connection without a closing handshake. */
  terminate(): void;
}

/** With this much waiting for the upstream the client is not read until it has been taken. */
const enoughBytes = 1024 * 1024;

/** What waits for a client that does not read, at most; beyond it the connection is given up (WS-05). */
const longestQueueBytes = 16 * 1024 * 1024;

/** A bridge between a client's WebSocket and its application's: it is told what the client's side does. */
export interface Bridge {
  message(data: string | Uint8Array): void;
  closed(code: number, reason: string): void;
  /** The client has taken what waited for it. */
  drained(): void;
  /** Ends both sides. */
  end(code: number, reason: string): void;
}

/**
 * Joins the two: messages and close codes pass both ways. `ended` is called once, when either side has closed. Codes that may not
 * stand in a close frame (1005, 1006: RFC 6455 7.4.1) are passed on as what they mean.
 */
export function bridge(client: ClientSocket, upstream: UpstreamWebSocket, ended: () => void): Bridge {
  let isOpen = true;
  const finish = () => {
    if (isOpen) ended();
    isOpen = false;
  };
  const end = (code: number, reason: string) => {
    client.close(code, reason);
    upstream.close(code, reason);
    finish();
  };
  const overflow = (waiting: number) => {
    if (waiting > longestQueueBytes) end(1011, "the other side does not read");
  };
  upstream.attach({
    message(data) {
      const waiting = isOpen ? client.send(data) : 0;
      overflow(waiting);
      return waiting;
    },
    drained: () => client.resume(),
    closed(code, reason) {
      client.close(code, reason);
      finish();
    },
  });
  return {
    message(data) {
      const waiting = isOpen ? upstream.send(data) : 0;
      if (waiting > enoughBytes) client.pause();
      overflow(waiting);
    },
    closed(code, reason) {
      upstream.close(code === 1005 ? 1000 : code === 1006 ? 1001 : code, reason);
      finish();
    },
    drained: () => upstream.drained(),
    end,
  };
}
