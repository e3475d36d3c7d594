import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../fakes/free-port.ts";
import { type Served, serveConfig, serveProcess } from "../fakes/served.ts";
import { isServerHere, type ServerName, startServer } from "./store-server.ts";

/** `akproxy serve` with this store, its URL in a file. */
function serve(store: string): Served {
  return serveProcess(serveConfig({ top: '[sessions]\nstore_file = "url"' }), {
    prepare: (folder) => writeFileSync(join(folder, "url"), store, { mode: 0o600 }),
  });
}

async function ended(served: Served) {
  const code = await served.exited;
  await served.end();
  return { code, said: served.output() };
}

test.each([
  [
    "redis",
    (port: number) => `redis://user:canary@127.0.0.1:${port}/2`,
    (port: number) => `redis://127.0.0.1:${port}/2`,
  ],
  [
    "postgres",
    (port: number) => `postgres://user:canary@127.0.0.1:${port}/db`,
    (port: number) => `postgres://127.0.0.1:${port}/db`,
  ],
])(
  "decision 21: serve ends with 74 and names the %s it can't reach, without user and password; nothing falls back",
  async (_name, url, place) => {
    const port = freePort();

    const { code, said } = await ended(serve(url(port)));

    expect(code).toBe(74);
    expect(said).toContain(`session store`);
    expect(said).toContain(place(port));
    expect(said).not.toContain("canary");
  },
);

function serveOn(name: ServerName): void {
  describe(`serve on a real ${name}`, () => {
    test("SIGTERM ends serve within three seconds, as with any store", async () => {
      const server = await startServer(name);
      const served = serve(server.url);
      await served.event("ready");

      served.process.kill("SIGTERM");
      const start = performance.now();
      const { code, said } = await ended(served);

      expect(said).toContain("outpost.secret is not set, so every machine makes its own");
      expect(code).toBe(143);
      expect(performance.now() - start).toBeLessThan(3000);
      await server.stop();
    });

    test("a server that accepts the connection and never answers ends serve with 74 within ten seconds", async () => {
      const server = await startServer(name);
      await server.freeze();
      const start = performance.now();

      const { code, said } = await ended(serve(server.url));

      expect(code).toBe(74);
      expect(performance.now() - start).toBeLessThan(10_000);
      expect(said).toContain(`127.0.0.1:${server.port}`);
      await server.thaw();
      await server.stop();
    });
  });
}

function serveOnReplica(): void {
  test("decision 21: serve ends with 74 on a read-only replica, and says why and what to do", async () => {
    const [master, server] = [await startServer("redis"), await startServer("redis")];
    const client = new Bun.RedisClient(server.url);
    await client.send("REPLICAOF", ["127.0.0.1", String(master.port)]);

    const { code, said } = await ended(serve(server.url));

    expect(code).toBe(74);
    expect(said).toContain(`session store "redis://127.0.0.1:${server.port}": READONLY`);
    expect(said).toContain("; this server is a read-only replica; use the address of the master");
    client.close();
    await server.stop();
    await master.stop();
  });

  test("decision 58: /readyz is 503 and names the cause while the store takes no sessions", async () => {
    const server = await startServer("redis");
    const client = new Bun.RedisClient(server.url);
    const served = serve(server.url);
    const address = await served.address("metrics");
    await client.send("CONFIG", ["SET", "maxmemory", "1"]);

    const answer = await fetch(`${address}/readyz`);

    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain(`[-] session store: session store "redis://127.0.0.1:${server.port}": OOM`);
    client.close();
    await served.end();
    await server.stop();
  });
}

if (isServerHere("redis")) {
  serveOn("redis");
  describe("serve on a redis that takes no writes", serveOnReplica);
}
if (isServerHere("postgres")) serveOn("postgres");
