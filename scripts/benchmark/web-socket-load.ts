/**
 * Messages to and fro over raw WebSockets, each answered before the next is sent. Usage: bun web-socket-load.ts JSON, with
 * port, host, cookie, bytes (of a message), connections and seconds. Prints the Shot as JSON.
 */
import { randomBytes } from "node:crypto";
import { percentile } from "./percentile.ts";

interface Load {
  readonly port: number;
  readonly host: string;
  readonly cookie: string;
  readonly bytes: number;
  readonly connections: number;
  readonly seconds: number;
}

// typed by the one program that starts this one
const load = JSON.parse(process.argv[2] ?? "") as Load;
const message = frame(load.bytes, "masked");
const answerBytes = frame(load.bytes, "plain").length;
const times: number[] = [];
const began = performance.now();
let isOver = false;

await Promise.all(Array.from({ length: load.connections }, echo));
const seconds = (performance.now() - began) / 1000;
console.log(JSON.stringify({ done: times.length, seconds, p50: percentile(times, 50), p99: percentile(times, 99) }));
process.exit(0);

function echo(): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let isUpgraded = false;
  let received = 0;
  let sentAt = 0;
  let unsent: Buffer = Buffer.alloc(0);
  const push = (socket: { write(bytes: Buffer): number }, bytes: Buffer) => {
    const taken = Math.max(0, socket.write(bytes));
    unsent = bytes.subarray(taken);
  };
  void Bun.connect({
    hostname: "127.0.0.1",
    port: load.port,
    socket: {
      open(socket) {
        const key = randomBytes(16).toString("base64");
        socket.write(
          `GET /ws HTTP/1.1\r\nHost: ${load.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\nCookie: ${load.cookie}\r\n\r\n`,
        );
      },
      data(socket, bytes) {
        if (!isUpgraded) {
          const text = bytes.toString("latin1");
          if (!text.startsWith("HTTP/1.1 101 ")) return reject(new Error(text.slice(0, 200)));
          if (!text.includes("\r\n\r\n")) return;
          isUpgraded = true;
        } else {
          received += bytes.length;
          if (received < answerBytes) return;
          times.push(performance.now() - sentAt);
        }
        received = 0;
        if (isOver || performance.now() - began > load.seconds * 1000) {
          isOver = true;
          return resolve();
        }
        sentAt = performance.now();
        push(socket, message);
      },
      drain(socket) {
        if (unsent.length > 0) push(socket, unsent);
      },
      close: () => reject(new Error("a connection was closed")),
      error: (_socket, error) => reject(error),
    },
  });
  return promise;
}

/** A binary message in one frame (RFC 6455 5.2); its mask is four zeros, so that the payload stands as it is. */
function frame(bytes: number, mask: "masked" | "plain"): Buffer {
  const maskBit = mask === "masked" ? 0x80 : 0;
  const length =
    bytes < 126
      ? [maskBit | bytes]
      : bytes < 65_536
        ? [maskBit | 126, bytes >> 8, bytes & 255]
        : [maskBit | 127, 0, 0, 0, 0, (bytes >> 24) & 255, (bytes >> 16) & 255, (bytes >> 8) & 255, bytes & 255];
  return Buffer.concat([
    Buffer.from([0x82, ...length, ...(mask === "masked" ? [0, 0, 0, 0] : [])]),
    Buffer.alloc(bytes, "x"),
  ]);
}
