import { afterEach, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { type Served, serveConfig, serveProcess } from "../../fakes/served.ts";
import { waitUntil } from "../../fakes/waits.ts";

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

/** An application that answers once `release` was called. */
function waitingApplication(): { readonly url: string; readonly asked: () => number; release(): void } {
  const gate = Promise.withResolvers<void>();
  let asked = 0;
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch() {
      asked += 1;
      await gate.promise;
      return new Response("finished");
    },
  });
  stops.push(() => server.stop(true));
  return { url: `http://127.0.0.1:${server.port}`, asked: () => asked, release: gate.resolve };
}

function ask(origin: string, path: string): { readonly socket: Socket; readonly over: Promise<string> } {
  const socket = connect(Number(new URL(origin).port), "127.0.0.1");
  stops.push(() => socket.destroy());
  const { promise: over, resolve } = Promise.withResolvers<string>();
  let text = "";
  socket.on("data", (bytes: Buffer) => {
    text += bytes.toString("latin1");
  });
  for (const event of ["end", "error", "close"]) socket.on(event, () => resolve(text));
  socket.write(`GET ${path} HTTP/1.1\r\nHost: app.localhost\r\nConnection: close\r\n\r\n`);
  return { socket, over };
}

function serve(config: ReturnType<typeof serveConfig>): Served {
  const served = serveProcess(config, { openFiles: 128 });
  stops.push(() => served.end());
  return served;
}

test("DOS-04: three times the connections that 128 open files allow end nothing: open ones are served, health answers, the others get 503", async () => {
  const application = waitingApplication();
  const served = serve(serveConfig({ internalHost: application.url }));
  const [origin, health] = [await served.address("http"), await served.address("metrics")];
  const held = Array.from({ length: 32 }, () => ask(origin, "/public/slow"));
  await waitUntil(() => application.asked() === 32);

  const told: string[] = [];
  for (let count = 0; count < 64; count += 1) told.push(await ask(origin, "/public/more").over);
  const together = await Promise.all(Array.from({ length: 200 }, () => ask(origin, "/public/more").over));
  const live = await fetch(`${health}/livez`);
  const metrics = await (await fetch(`${health}/metrics`)).text();
  application.release();
  const texts = await Promise.all(held.map(({ over }) => over));
  const after = await ask(origin, "/outpost.goauthentik.io/ping").over;

  expect(await served.event("ready")).toMatchObject({ most_connections: 32 });
  expect(told.every((text) => /^HTTP\/1\.1 503 .*\r\nretry-after: 10\r\n/s.test(text))).toBe(true);
  expect(together.every((text) => text === "" || text.startsWith("HTTP/1.1 503 "))).toBe(true);
  expect(live.status).toBe(200);
  expect(metrics).toContain('akproxy_connections_refused_total{listener="http"} 264\n');
  expect(texts.every((text) => text.endsWith("finished"))).toBe(true);
  expect(after).toStartWith("HTTP/1.1 204 ");
  expect(await served.event("connections refused")).toMatchObject({ listener: "http", most_connections: 32 });
  expect(application.asked()).toBe(32);
});

test("DOS-04: HTTP and HTTPS are full together, and a TLS client is cut before its handshake", async () => {
  const application = waitingApplication();
  const served = serve(serveConfig({ internalHost: application.url, https: "127.0.0.1:0" }));
  const [origin, secure] = [await served.address("http"), await served.address("https")];
  const health = await served.address("metrics");
  const held = Array.from({ length: 32 }, () => ask(origin, "/public/slow"));
  await waitUntil(() => application.asked() === 32);

  const handshake = await new Promise<string>((resolve) => {
    const socket = connectTls({ port: Number(new URL(secure).port), host: "127.0.0.1", rejectUnauthorized: false });
    socket.on("secureConnect", () => resolve("secure"));
    socket.on("error", () => resolve("cut"));
  });
  const metrics = await (await fetch(`${health}/metrics`)).text();
  application.release();
  await Promise.all(held.map(({ over }) => over));
  const after = await fetch(`${secure}/outpost.goauthentik.io/ping`, { tls: { rejectUnauthorized: false } });

  expect(handshake).toBe("cut");
  expect(metrics).toContain('akproxy_connections_refused_total{listener="https"} 1\n');
  expect(after.status).toBe(204);
});
