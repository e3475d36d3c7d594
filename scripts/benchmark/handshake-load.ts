/**
 * A new connection with a whole TLS handshake for each request of 1 KiB, several at a time: wrk would resume its sessions. Usage: bun
 * handshake-load.ts JSON, with port, host, cookie, connections and seconds. Prints the Shot as JSON.
 */
import { percentile } from "./percentile.ts";

interface Load {
  readonly port: number;
  readonly host: string;
  readonly cookie: string;
  readonly connections: number;
  readonly seconds: number;
}

// typed by the one program that starts this one
const load = JSON.parse(process.argv[2] ?? "") as Load;
const times: number[] = [];
const began = performance.now();

await Promise.all(Array.from({ length: load.connections }, again));
const seconds = (performance.now() - began) / 1000;
console.log(JSON.stringify({ done: times.length, seconds, p50: percentile(times, 50), p99: percentile(times, 99) }));
process.exit(0);

async function again(): Promise<void> {
  while (performance.now() - began < load.seconds * 1000) {
    const from = performance.now();
    await once();
    times.push(performance.now() - from);
  }
}

function once(): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let received = "";
  void Bun.connect({
    hostname: "127.0.0.1",
    port: load.port,
    tls: { rejectUnauthorized: false, serverName: load.host.replace(/:\d+$/, "") },
    socket: {
      handshake(socket) {
        socket.write(`GET /1k HTTP/1.1\r\nHost: ${load.host}\r\nCookie: ${load.cookie}\r\nConnection: close\r\n\r\n`);
      },
      data(socket, bytes) {
        received += bytes.toString("latin1");
        if (!received.startsWith("HTTP/1.1 200")) return reject(new Error(received.slice(0, 200)));
        if (received.split("\r\n\r\n", 2)[1]?.length !== 1024) return;
        resolve();
        socket.end();
      },
      close: () => reject(new Error("a connection was closed before its answer")),
      error: (_socket, error) => reject(error),
    },
  });
  return promise;
}
