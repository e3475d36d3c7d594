/**
 * Event streams that are all open at once: an event is asked for when every stream has had the one before. Usage: bun event-load.ts JSON,
 * with port, host, cookie, upstreamPort, connections and seconds. Prints the Shot as JSON; a time is that of an event's last arrival.
 */
import { percentile } from "./percentile.ts";

interface Load {
  readonly port: number;
  readonly host: string;
  readonly cookie: string;
  readonly upstreamPort: number;
  readonly connections: number;
  readonly seconds: number;
}

// typed by the one program that starts this one
const load = JSON.parse(process.argv[2] ?? "") as Load;
const eventEnd = "x\n\n";
const times: number[] = [];
let arrived = 0;
let allArrived: () => void = () => undefined;

for (let opened = 0; opened < load.connections; opened += 50) {
  await Promise.all(Array.from({ length: Math.min(50, load.connections - opened) }, openStream));
}
const began = performance.now();
while (performance.now() - began < load.seconds * 1000) {
  arrived = 0;
  const all = new Promise<void>((resolve) => {
    allArrived = resolve;
  });
  const asked = performance.now();
  await (await fetch(`http://127.0.0.1:${load.upstreamPort}/tick`)).text();
  await all;
  times.push(performance.now() - asked);
}
const seconds = (performance.now() - began) / 1000;
const done = times.length * load.connections;
console.log(JSON.stringify({ done, seconds, p50: percentile(times, 50), p99: percentile(times, 99) }));
process.exit(0);

function openStream(): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let tail = "";
  let isOpen = false;
  void Bun.connect({
    hostname: "127.0.0.1",
    port: load.port,
    socket: {
      open: (socket) => {
        socket.write(
          `GET /events HTTP/1.1\r\nHost: ${load.host}\r\nAccept: text/event-stream\r\nCookie: ${load.cookie}\r\n\r\n`,
        );
      },
      data(_socket, bytes) {
        const text = tail + bytes.toString("latin1");
        if (!isOpen && !text.startsWith("HTTP/1.1 200")) return reject(new Error(text.slice(0, 200)));
        const events = text.split(eventEnd).length - 1;
        tail = isOpen || events > 0 ? text.slice(text.lastIndexOf(eventEnd) + 1).slice(-2) : text;
        if (events === 0) return;
        if (isOpen) {
          arrived += events;
          if (arrived >= load.connections) allArrived();
        }
        isOpen = true;
        resolve();
      },
      close: () => reject(new Error("a stream was closed")),
      error: (_socket, error) => reject(error),
    },
  });
  return promise;
}
