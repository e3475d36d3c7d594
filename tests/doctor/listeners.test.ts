import { afterAll, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { listenerSection } from "../../src/doctor/listeners.ts";
import { makeSelfSigned } from "../../src/tls/self-signed.ts";
import { freePort } from "../fakes/free-port.ts";
import { byName, checkedWorld, worldOf } from "./checks.ts";

const { configOf, root, end } = checkedWorld();
const stops: (() => unknown)[] = [];
afterAll(async () => {
  for (const stop of stops) await stop();
  await end();
});

/** The checks of listeners at these addresses; "" is off. */
async function listenersAt(addresses: { readonly http?: string; readonly https?: string; readonly metrics?: string }) {
  const { http = "", https = "", metrics = "" } = addresses;
  const config = await configOf({ listen: `http = "${http}"\nhttps = "${https}"\nmetrics = "${metrics}"` });
  return byName((await listenerSection(config, worldOf({ timeoutMilliseconds: 300 }))).checks);
}

function answering(status: number, tls = false): string {
  const made = makeSelfSigned({ names: ["any.test"], days: 90, now: Math.floor(Date.now() / 1000) });
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    ...(tls ? { tls: { cert: made.certificatePem, key: made.keyPem } } : {}),
    fetch: () => new Response(null, { status }),
  });
  stops.push(() => server.stop(true));
  return `127.0.0.1:${server.port}`;
}

test("a listener that is off, any free port and a free port are fine", async () => {
  const free = `127.0.0.1:${freePort()}`;

  const checks = await listenersAt({ http: "127.0.0.1:0", metrics: free });

  expect(checks["https"]).toMatchObject({ standing: "ok", text: "off" });
  expect(checks["http"]).toMatchObject({ standing: "ok", text: "127.0.0.1:0: any free port" });
  expect(checks["metrics"]).toMatchObject({ standing: "ok", text: `${free} is free` });
});

test("akproxy is known by its ping on http and https, and by /livez on metrics", async () => {
  const [http, https, metrics] = [answering(204), answering(204, true), answering(200)];

  const checks = await listenersAt({ http, https, metrics });

  expect(checks["http"]).toMatchObject({ standing: "ok", text: `${http}: akproxy answers` });
  expect(checks["https"]).toMatchObject({ standing: "ok", text: `${https}: akproxy answers` });
  expect(checks["metrics"]).toMatchObject({ standing: "ok", text: `${metrics}: akproxy answers` });
});

test("a program that answers otherwise, speaks another protocol or is silent is another program", async () => {
  const silent = Bun.listen({ port: 0, hostname: "127.0.0.1", socket: { data() {} } });
  const other = Bun.listen({
    port: 0,
    hostname: "127.0.0.1",
    socket: { data: (socket) => void socket.end("-ERR\r\n") },
  });
  stops.push(
    () => silent.stop(true),
    () => other.stop(true),
  );

  const checks = await listenersAt({
    http: answering(200),
    https: `127.0.0.1:${silent.port}`,
    metrics: `127.0.0.1:${other.port}`,
  });

  for (const name of ["http", "https", "metrics"]) {
    expect(checks[name]).toMatchObject({ standing: "fail", fix: `stop that program, or change listen.${name}` });
    expect(checks[name]?.text).toEndWith(": another program uses it");
  }
});

test("a Unix socket needs its directory, and the check makes no file", async () => {
  const directory = join(root, "run");
  const path = join(directory, "akproxy.sock");

  const absent = await listenersAt({ http: `unix:${path}` });
  mkdirSync(directory);
  const free = await listenersAt({ http: `unix:${path}` });

  expect(absent["http"]).toMatchObject({
    standing: "fail",
    text: `akproxy cannot listen on unix:${path}: ${directory} does not exist`,
    fix: "change listen.http",
  });
  expect(free["http"]).toMatchObject({ standing: "ok", text: `unix:${path} is free` });
  expect(await Bun.file(path).exists()).toBe(false);
});
