// as: with the DOM library in tsconfig, WebSocket's own second argument hides Bun's
const BunWebSocket = WebSocket as unknown as new (url: string, options: Bun.WebSocketOptions) => WebSocket;

/** A WebSocket to akproxy, as tests hold it. */
export interface TestSocket {
  readonly protocol: string;
  send(message: string | Uint8Array<ArrayBuffer>): void;
  close(code: number, reason: string): void;
  /** The next message; waits for it. */
  next(): Promise<string | Uint8Array>;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
}

/** Opens ws://app.test/ws at akproxy on 127.0.0.1:`port`. Rejects when the handshake is refused. */
export async function openSocket(
  port: number,
  headers: Readonly<Record<string, string>>,
  protocols: readonly string[] = [],
): Promise<TestSocket> {
  const socket = new BunWebSocket(`ws://127.0.0.1:${port}/ws`, {
    headers: { host: "app.test", origin: "http://app.test", ...headers },
    protocols: [...protocols],
  });
  socket.binaryType = "arraybuffer";
  const arrived: (string | Uint8Array)[] = [];
  const waiting: ((message: string | Uint8Array) => void)[] = [];
  socket.onmessage = ({ data }) => {
    const message: string | Uint8Array = typeof data === "string" ? data : new Uint8Array(data);
    const taker = waiting.shift();
    if (taker === undefined) arrived.push(message);
    else taker(message);
  };
  const end = Promise.withResolvers<{ readonly code: number; readonly reason: string }>();
  socket.onclose = ({ code, reason }) => end.resolve({ code, reason });
  await new Promise<void>((opened, refused) => {
    socket.onopen = () => opened();
    socket.onerror = () => refused(new Error("the WebSocket was refused"));
  });
  return {
    protocol: socket.protocol,
    send: (message) => socket.send(message),
    close: (code, reason) => socket.close(code, reason),
    next: () => {
      const first = arrived.shift();
      return first === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(first);
    },
    closed: end.promise,
  };
}
