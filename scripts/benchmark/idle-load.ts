/**
 * Connections that have had one answer and stay open. Usage: bun idle-load.ts JSON, with port, host, cookie, scheme and connections.
 * Prints "open" once all are and waits to be ended.
 */
interface Load {
  readonly port: number;
  readonly host: string;
  readonly cookie: string;
  readonly scheme: "http" | "https";
  readonly connections: number;
}

// typed by the one program that starts this one
const load = JSON.parse(process.argv[2] ?? "") as Load;
const kept: unknown[] = [];

for (let opened = 0; opened < load.connections; opened += 100) await Promise.all(Array.from({ length: 100 }, open));
console.log("open");
setInterval(() => kept.length, 60_000);

function open(): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let received = "";
  const request = `GET /1k HTTP/1.1\r\nHost: ${load.host}\r\nCookie: ${load.cookie}\r\n\r\n`;
  const secure = load.scheme === "https";
  void Bun.connect({
    hostname: "127.0.0.1",
    port: load.port,
    ...(secure ? { tls: { rejectUnauthorized: false, serverName: load.host.replace(/:\d+$/, "") } } : {}),
    socket: {
      open(socket) {
        kept.push(socket);
        if (!secure) socket.write(request);
      },
      handshake(socket) {
        socket.write(request);
      },
      data(_socket, bytes) {
        received += bytes.toString("latin1");
        if (!received.startsWith("HTTP/1.1 200")) return reject(new Error(received.slice(0, 200)));
        if (received.length > 1024 && received.split("\r\n\r\n", 2)[1]?.length === 1024) resolve();
      },
      close: () => reject(new Error("a connection was closed")),
      error: (_socket, error) => reject(error),
    },
  });
  return promise;
}
