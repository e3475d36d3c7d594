import { afterEach, expect, test } from "bun:test";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Served, serveConfig, serveProcess } from "../../fakes/served.ts";

const started: Served[] = [];
const stops: (() => unknown)[] = [];
function serve(...parameters: Parameters<typeof serveProcess>): Served {
  const served = serveProcess(...parameters);
  started.push(served);
  return served;
}
afterEach(async () => {
  for (const served of started.splice(0)) await served.end();
  for (const stop of stops.splice(0)) await stop();
});

/** An application whose /public/slow waits for `release`, and whose /public/ws is a WebSocket. */
function slowApplication(): { readonly url: string; readonly arrived: Promise<void>; release(): void } {
  const arrival = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    websocket: { message: (socket, data) => void socket.send(data) },
    async fetch(request, self) {
      if (self.upgrade(request)) return undefined;
      arrival.resolve();
      await gate.promise;
      return new Response("finished");
    },
  });
  stops.push(() => server.stop(true));
  return { url: `http://127.0.0.1:${server.port}`, arrived: arrival.promise, release: gate.resolve };
}

const host = { host: "app.localhost" };

test("SIGTERM lets a request in flight finish, refuses new ones, and exits 143", async () => {
  const application = slowApplication();
  const served = serve(serveConfig({ internalHost: application.url }));
  const origin = await served.address("http");

  const slow = fetch(`${origin}/public/slow`, { headers: host });
  await application.arrived;
  served.process.kill("SIGTERM");
  await served.event("stopping");
  const refused = await fetch(`${origin}/public/other`, { headers: host, keepalive: false }).catch(() => "refused");
  application.release();

  expect(await (await slow).text()).toBe("finished");
  expect(refused).toBe("refused");
  expect(await served.process.exited).toBe(143);
  expect(await served.event("stopped")).toMatchObject({ everything_finished: true });
});

test("a second signal stops at once", async () => {
  const application = slowApplication();
  const served = serve(serveConfig({ internalHost: application.url }));
  const origin = await served.address("http");

  const cut = fetch(`${origin}/public/slow`, { headers: host }).then(
    (response) => response.text(),
    () => "cut",
  );
  await application.arrived;
  served.process.kill("SIGTERM");
  await served.event("stopping");
  served.process.kill("SIGINT");

  expect(await served.process.exited).toBe(130);
  expect(await cut).toBe("cut");
});

test("a request that does not finish within limits.drain is cut", async () => {
  const application = slowApplication();
  const served = serve(serveConfig({ internalHost: application.url, top: '[limits]\ndrain = "1s"' }));
  const origin = await served.address("http");

  const cut = fetch(`${origin}/public/slow`, { headers: host }).then(
    () => "answered",
    () => "cut",
  );
  await application.arrived;
  served.process.kill("SIGTERM");

  expect(await served.process.exited).toBe(143);
  expect(await cut).toBe("cut");
  expect(await served.event("stopped")).toMatchObject({ everything_finished: false });
});

test("an open WebSocket is closed with 1001 at a stop", async () => {
  const application = slowApplication();
  const served = serve(serveConfig({ internalHost: application.url }));
  const origin = await served.address("http");
  // as: with the DOM library in tsconfig, WebSocket's own second argument hides Bun's
  const options = { headers: host } as unknown as string[];
  const socket = new WebSocket(`${origin.replace("http:", "ws:")}/public/ws`, options);
  const echoed = Promise.withResolvers<unknown>();
  const closed = Promise.withResolvers<number>();
  socket.onopen = () => socket.send("hello");
  socket.onmessage = (message) => echoed.resolve(message.data);
  socket.onclose = (event) => closed.resolve(event.code);

  expect(await echoed.promise).toBe("hello");
  served.process.kill("SIGTERM");

  expect(await closed.promise).toBe(1001);
  expect(await served.process.exited).toBe(143);
});

test("SIGHUP applies a valid config, and keeps the old one if the new one has errors (CFG-07)", async () => {
  const application = slowApplication();
  application.release();
  const served = serve(serveConfig({ internalHost: application.url }));
  const origin = await served.address("http");
  const status = async (path: string) =>
    (await fetch(`${origin}${path}`, { headers: host, redirect: "manual" })).status;
  const before = [await status("/public/x"), await status("/open/x")];

  const reloadWith = (publicPaths: string) => {
    const text = serveConfig({ internalHost: application.url })(served.folder);
    writeFileSync(served.configFile, text.replace("^/public/", publicPaths));
    served.process.kill("SIGHUP");
  };
  reloadWith("^/open/(");
  await served.event("reload refused: the config has errors, the old one stays in force");
  const afterBad = [await status("/public/x"), await status("/open/x")];
  reloadWith("^/open/");
  await served.event("reloaded");
  const afterGood = [await status("/public/x"), await status("/open/x")];

  expect([before, afterBad, afterGood]).toEqual([
    [200, 302],
    [200, 302],
    [302, 200],
  ]);
});

test("a config with errors ends serve with 78, all problems on stderr and nothing listening", async () => {
  const served = serve(() => '[providers.app]\nmode = "proxy"\nexternal_host = "nope"\nunknown_key = 1\n');

  const code = await served.process.exited;
  await served.end();

  expect(code).toBe(78);
  expect(served.stderr()).toContain("akproxy.toml:3:17: error: providers.app.external_host");
  expect(served.stderr()).toContain("unknown_key");
});

test("a file in the place of the state directory ends serve with 74 and its path", async () => {
  const served = serve(serveConfig(), { prepare: (folder) => writeFileSync(join(folder, "state"), "a file") });

  const code = await served.process.exited;
  await served.end();

  expect(code).toBe(74);
  expect(served.stderr()).toContain(`${served.folder}/state`);
});

test("a state directory open to everybody ends serve, naming it (SES-11)", async () => {
  const served = serve(serveConfig(), {
    prepare(folder) {
      mkdirSync(join(folder, "state"));
      chmodSync(join(folder, "state"), 0o777);
    },
  });

  const code = await served.process.exited;
  await served.end();

  expect([74, 77]).toContain(code);
  expect(served.stderr()).toContain(`${served.folder}/state`);
});

test("an address in use ends serve with 74 and names it", async () => {
  const taken = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
  stops.push(() => taken.stop(true));
  const served = serve((folder) =>
    serveConfig()(folder).replace('http = "127.0.0.1:0"', `http = "127.0.0.1:${taken.port}"`),
  );

  const code = await served.process.exited;
  await served.end();

  expect(code).toBe(74);
  expect(served.stderr()).toContain(`127.0.0.1:${taken.port}`);
});

test("NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment ends serve (TLS-01)", async () => {
  const served = serve(serveConfig(), { env: { NODE_TLS_REJECT_UNAUTHORIZED: "0" } });

  const code = await served.process.exited;
  await served.end();

  expect(code).toBe(78);
  expect(served.stderr()).toContain("NODE_TLS_REJECT_UNAUTHORIZED");
});

test("SUP-03: BUN_OPTIONS in the environment ends serve", async () => {
  const served = serve(serveConfig(), { env: { BUN_OPTIONS: "--silent" } });

  const code = await served.process.exited;
  await served.end();

  expect(code).toBe(78);
  expect(served.stderr()).toContain("BUN_OPTIONS");
});
