import { afterAll, afterEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import { exitCodeOf } from "../../src/compose/process.ts";
import { type Running, run } from "../../src/compose/run.ts";
import { Failure } from "../../src/core/failure.ts";
import { makeSelfSigned } from "../../src/tls/self-signed.ts";
import { freePort } from "../fakes/free-port.ts";
import { configOf, surroundingsOf, testFolder, type Wishes } from "./composed.ts";

const root = testFolder();
const running: Running[] = [];
const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of running.splice(0)) await one.stopNow();
  for (const stop of stops.splice(0)) await stop();
});
afterAll(() => rmSync(root, { recursive: true }));

function stateDir(): string {
  return mkdtempSync(join(root, "state-"));
}

async function started(wishes: Wishes): Promise<Running> {
  const one = await run(await configOf(wishes), surroundingsOf());
  running.push(one);
  return one;
}

/** An application whose answers wait for `release`. */
function slowApplication() {
  const arrival = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch() {
      arrival.resolve();
      await gate.promise;
      return new Response("finished");
    },
  });
  stops.push(() => server.stop(true));
  return { url: `http://127.0.0.1:${server.port}`, arrived: arrival.promise, release: gate.resolve };
}

const isOpen = (origin: string) =>
  fetch(origin, { redirect: "manual" }).then(
    () => true,
    () => false,
  );

test("a listener that cannot bind closes the listeners and the store that were opened before it", async () => {
  const taken = Bun.listen({ port: 0, hostname: "127.0.0.1", socket: { data() {} } });
  const port = freePort();
  const folder = stateDir();
  const listen = `http = "127.0.0.1:${port}"\nhttps = ""\nmetrics = "127.0.0.1:${taken.port}"`;

  const thrown: unknown = await run(
    await configOf({ stateDir: folder, listen, sessions: 'store = "sqlite"' }),
    surroundingsOf(),
  ).catch((error: unknown) => error);
  taken.stop(true);

  if (!(thrown instanceof Failure)) throw new Error(`not a Failure: ${thrown}`);
  expect([thrown.code, exitCodeOf(thrown)]).toEqual(["config_unusable", 74]);
  expect(thrown.message).toStartWith(`listen: cannot listen on 127.0.0.1:${taken.port}: `);
  expect(await isOpen(`http://127.0.0.1:${port}`)).toBe(false);
  // SQLite removes its -wal and -shm when the last connection closes
  expect(readdirSync(folder).toSorted()).toEqual(["secret.key", "sessions.sqlite"]);
});

test("each listener is named as it can be opened, and a Unix socket is open to its group", async () => {
  const folder = stateDir();
  const listen = `http = "unix:${folder}/akproxy.sock"\nhttps = "127.0.0.1:0"\nmetrics = "127.0.0.1:0"`;

  const { listeners, mostConnections } = await started({ stateDir: folder, listen });

  const [http, https, metrics] = listeners;
  expect(http).toMatchObject({ kind: "http", address: `unix:${folder}/akproxy.sock`, port: null });
  expect(https).toMatchObject({ kind: "https", address: `https://127.0.0.1:${https?.port}` });
  expect(metrics).toMatchObject({ kind: "metrics", address: `http://127.0.0.1:${metrics?.port}` });
  expect(statSync(`${folder}/akproxy.sock`).mode & 0o777).toBe(0o660);
  expect(mostConnections).toBeGreaterThan(100);
});

const secret = "a secret of more than thirty-two characters";

test.each<[string, readonly string[], (folder: string) => Partial<Wishes>]>([
  ["state_dir", ["state_dir"], () => ({ stateDir: stateDir() })],
  ["a secret", ["outpost.secret"], () => ({ more: `[outpost]\nsecret = "${secret}"` })],
  ["a listener", ["listen"], () => ({ listen: 'http = "127.0.0.1:0"\nhttps = ""\nmetrics = "127.0.0.1:0"' })],
  ["the oldest TLS", ["tls.min_version"], () => ({ more: '[tls]\nmin_version = "1.3"' })],
  ["the store", ["sessions.store"], () => ({ sessions: 'store = "sqlite"' })],
  ["a limit of heads", ["limits"], () => ({ more: '[limits]\nrequest_header_bytes = "64KiB"' })],
  ["the log", ["log"], () => ({ more: '[log]\nlevel = "debug"' })],
  [
    "two of them",
    ["outpost.secret", "log"],
    () => ({ more: `[outpost]\nsecret = "${secret}"\n[log]\nlevel = "debug"` }),
  ],
  ["the drain limit", [], () => ({ more: '[limits]\ndrain = "7s"' })],
  ["a provider", [], () => ({ provider: 'skip_path_regex = "^/public/"' })],
  ["nothing", [], () => ({})],
])("a reload with another value of %s needs a restart for %j", async (_name, keys, more) => {
  const folder = stateDir();
  const one = await started({ stateDir: folder });
  const next = await configOf({ stateDir: folder, ...more(folder) });

  expect(one.reload(next)).toEqual(keys);
  expect(one.reload(next)).toEqual([]);
});

test("a reload serves the new certificate to the next handshake", async () => {
  const folder = stateDir();
  const listen = 'http = ""\nhttps = "127.0.0.1:0"\nmetrics = ""';
  const one = await started({ stateDir: folder, listen });
  const names = () =>
    new Promise<string>((resolve, reject) => {
      const socket = connect(
        { port: one.listeners[0]?.port ?? 0, host: "127.0.0.1", rejectUnauthorized: false },
        () => {
          resolve(socket.getPeerCertificate().subjectaltname ?? "");
          socket.destroy();
        },
      );
      socket.on("error", reject);
    });
  const before = await names();
  const made = makeSelfSigned({ names: ["renewed.test"], days: 90, now: Math.floor(Date.now() / 1000) });
  writeFileSync(join(folder, "new.crt"), made.certificatePem);
  writeFileSync(join(folder, "new.key"), made.keyPem, { mode: 0o600 });

  const tls = '[tls]\ncertificate_file = "new.crt"\nkey_file = "new.key"';
  one.reload(await configOf({ stateDir: folder, listen, more: tls }));

  expect(before).toBe("DNS:localhost, DNS:app.test");
  expect(await names()).toBe("DNS:renewed.test");
});

test("a drain with nothing in flight closes every listener and says that everything finished", async () => {
  const listen = 'http = "127.0.0.1:0"\nhttps = ""\nmetrics = "127.0.0.1:0"';
  const one = await started({ stateDir: stateDir(), listen });
  const origins = one.listeners.map(({ address }) => address);
  const before = await Promise.all(origins.map(isOpen));

  const isFinished = await one.drain();

  expect(before).toEqual([true, true]);
  expect(isFinished).toBe(true);
  expect(await Promise.all(origins.map(isOpen))).toEqual([false, false]);
});

const everyPath = 'skip_path_regex = "^/"';
const atApp = { headers: { host: "app.test" } };

test("a drain refuses new requests, answers 503 on /readyz, and lets a request in flight finish", async () => {
  const application = slowApplication();
  const listen = 'http = "127.0.0.1:0"\nhttps = ""\nmetrics = "127.0.0.1:0"';
  const one = await started({ stateDir: stateDir(), listen, internalHost: application.url, provider: everyPath });
  const [http = "", metrics = ""] = one.listeners.map(({ address }) => address);
  const slow = fetch(http, atApp);
  await application.arrived;

  const drained = one.drain();
  const refused = await isOpen(http);
  const ready = await fetch(`${metrics}/readyz`);
  const readyText = await ready.text();
  application.release();

  expect(await (await slow).text()).toBe("finished");
  expect(await drained).toBe(true);
  expect(refused).toBe(false);
  expect(ready.status).toBe(503);
  expect(readyText).toStartWith("[-] stopping\n");
});

test("a drain cuts what does not finish within limits.drain of the config in force", async () => {
  const application = slowApplication();
  const folder = stateDir();
  const wishes = { stateDir: folder, internalHost: application.url, provider: everyPath };
  const one = await started(wishes);
  one.reload(await configOf({ ...wishes, more: '[limits]\ndrain = "1s"' }));
  const cut = fetch(one.listeners[0]?.address ?? "", atApp).then(
    (response) => response.text(),
    () => "cut",
  );
  await application.arrived;
  const from = performance.now();

  const isFinished = await one.drain();

  expect(isFinished).toBe(false);
  expect(performance.now() - from).toBeGreaterThan(990);
  expect(performance.now() - from).toBeLessThan(10_000);
  expect(await cut).toBe("cut");
});

test("a stop cuts a request in flight at once", async () => {
  const application = slowApplication();
  const one = await started({ stateDir: stateDir(), internalHost: application.url, provider: everyPath });
  const cut = fetch(one.listeners[0]?.address ?? "", atApp).then(
    (response) => response.text(),
    () => "cut",
  );
  await application.arrived;

  await one.stopNow();

  expect(await cut).toBe("cut");
});
