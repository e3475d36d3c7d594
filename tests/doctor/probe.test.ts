import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listenerText, type ProbeRequest, probe, reachedAt } from "../../src/doctor/probe.ts";
import { makeSelfSigned } from "../../src/tls/self-signed.ts";

const folder = mkdtempSync(join(tmpdir(), "akproxy-probe-"));
const stops: (() => unknown)[] = [];
afterAll(async () => {
  for (const stop of stops) await stop();
  rmSync(folder, { recursive: true });
});

/** A listener that answers the first bytes of a connection with `parts`, one write each; "end" ends it. */
function answering(...parts: readonly string[]): number {
  const listener = Bun.listen({
    port: 0,
    hostname: "127.0.0.1",
    socket: {
      async data(socket) {
        for (const part of parts) {
          if (part === "end") socket.end();
          else socket.write(part);
          socket.flush();
          await new Promise(setImmediate); // two writes in a row would arrive as one
        }
      },
    },
  });
  stops.push(() => listener.stop(true));
  return listener.port;
}

function probed(port: number, more: Partial<ProbeRequest> = {}) {
  return probe({
    address: { kind: "tcp", hostname: "127.0.0.1", port },
    tls: null,
    host: "app.test",
    target: "/ping",
    userAgent: "probe-test",
    timeoutMilliseconds: 1000,
    ...more,
  });
}

test.each<[string, readonly string[], object]>([
  ["an answer", ["HTTP/1.1 204 No Content\r\n\r\n"], { kind: "answered", status: 204 }],
  ["an answer of HTTP/1.0", ["HTTP/1.0 500 Oops\r\n\r\n"], { kind: "answered", status: 500 }],
  ["an answer in two packets", ["HTTP/1.1 2", "00 OK\r\n\r\n"], { kind: "answered", status: 200 }],
  ["a status line without a reason", ["HTTP/1.1 200\r\n\r\n"], { kind: "answered", status: 200 }],
  ["another protocol that ends the connection", ["SSH-2.0-OpenSSH_9.9\r\n", "end"], { kind: "no_http" }],
  ["another protocol that sends much", ["x".repeat(600)], { kind: "no_http" }],
  ["an end without a byte", ["end"], { kind: "no_http" }],
  ["silence", [], { kind: "failed", code: "timeout" }],
])("%s", async (_name, parts, outcome) => {
  expect(await probed(answering(...parts), { timeoutMilliseconds: 300 })).toMatchObject(outcome);
});

test("a closed port is the system's own code", async () => {
  expect(await probed(1)).toEqual({ kind: "failed", code: "ECONNREFUSED" });
});

test("the request names its target, host and sender, and asks for one answer only", async () => {
  const asked = Promise.withResolvers<string>();
  const listener = Bun.listen({
    port: 0,
    hostname: "127.0.0.1",
    socket: {
      data(socket, bytes) {
        asked.resolve(bytes.toString());
        socket.end("HTTP/1.1 200 OK\r\n\r\n");
      },
    },
  });
  stops.push(() => listener.stop(true));

  await probed(listener.port);

  expect(await asked.promise).toBe(
    "GET /ping HTTP/1.1\r\nHost: app.test\r\nUser-Agent: probe-test\r\nConnection: close\r\n\r\n",
  );
});

test("a Unix socket is asked like a port", async () => {
  const unix = join(folder, "app.sock");
  const server = Bun.serve({ unix, fetch: () => new Response("", { status: 202 }) });
  stops.push(() => server.stop(true));

  expect(await probed(0, { address: { kind: "unix", path: unix } })).toMatchObject({ kind: "answered", status: 202 });
});

test("a certificate for another name fails when it is verified, and only then", async () => {
  const made = makeSelfSigned({ names: ["inner.test"], days: 90, now: Math.floor(Date.now() / 1000) });
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    tls: { cert: made.certificatePem, key: made.keyPem },
    fetch: () => new Response(""),
  });
  stops.push(() => server.stop(true));
  const verified = { rejectUnauthorized: true, ca: made.certificatePem, serverName: "other.test" };

  expect(await probed(server.port ?? 0, { tls: verified })).toMatchObject({ kind: "failed" });
  expect(await probed(server.port ?? 0, { tls: { rejectUnauthorized: false } })).toMatchObject({
    kind: "answered",
    status: 200,
  });
});

test.each([
  ["0.0.0.0", "127.0.0.1"],
  ["::", "::1"],
  ["192.0.2.1", "192.0.2.1"],
])("a listener on %s is reached at %s", (hostname, reached) => {
  expect(reachedAt({ kind: "tcp", hostname, port: 9000 })).toEqual({ kind: "tcp", hostname: reached, port: 9000 });
});

test.each([
  [{ kind: "tcp", hostname: "127.0.0.1", port: 9000 }, "127.0.0.1:9000"],
  [{ kind: "tcp", hostname: "::1", port: 9000 }, "[::1]:9000"],
  [{ kind: "unix", path: "/run/akproxy.sock" }, "unix:/run/akproxy.sock"],
] as const)("a listener on %j is written as %s", (address, text) => {
  expect(listenerText(address)).toBe(text);
});
