import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runAkproxy } from "../fakes/run-akproxy.ts";
import { type Served, serveConfig, serveProcess } from "../fakes/served.ts";

const folder = mkdtempSync(join(tmpdir(), "akproxy-healthcheck-"));
let served: Served;
let addresses: Readonly<Record<"http" | "https" | "metrics", string>>;

beforeAll(async () => {
  served = serveProcess((dir) => serveConfig()(dir).replace('https = ""', 'https = "127.0.0.1:0"'));
  const [http, https, metrics] = [
    await served.address("http"),
    await served.address("https"),
    await served.address("metrics"),
  ];
  addresses = { http: new URL(http).host, https: new URL(https).host, metrics: new URL(metrics).host };
});
afterAll(async () => {
  await served.end();
  rmSync(folder, { recursive: true });
});

interface Listeners {
  readonly http?: string;
  readonly https?: string;
  readonly metrics?: string;
}

async function healthcheck(
  { http = "127.0.0.1:0", https = "", metrics = "" }: Listeners,
  env: Record<string, string> = {},
) {
  const file = join(folder, "akproxy.toml");
  const text = serveConfig()(folder)
    .replace(/^http = .*$/m, `http = "${http}"`)
    .replace(/^https = .*$/m, `https = "${https}"`)
    .replace(/^metrics = .*$/m, `metrics = "${metrics}"`);
  writeFileSync(file, text, { mode: 0o600 });
  return runAkproxy(["healthcheck", "-c", file], { env });
}

const healthy = { stdout: "ok\n", stderr: "", code: 0 };

test("a running akproxy is healthy by its metrics listener", async () => {
  expect(await healthcheck({ metrics: addresses.metrics })).toEqual(healthy);
});

test("without a metrics listener it asks http, and without that https, whatever the certificate", async () => {
  expect(await healthcheck({ http: addresses.http })).toEqual(healthy);
  expect(await healthcheck({ http: "", https: addresses.https })).toEqual(healthy);
});

test("the proxy variables of the environment have no effect", async () => {
  const env = { HTTP_PROXY: "http://127.0.0.1:1", http_proxy: "http://127.0.0.1:1" };

  expect(await healthcheck({ metrics: addresses.metrics }, env)).toEqual(healthy);
});

test("a listener on every address is asked on loopback", async () => {
  const port = addresses.metrics.split(":")[1];

  expect(await healthcheck({ metrics: `0.0.0.0:${port}` })).toEqual(healthy);
});

test("an address without a listener is unhealthy, with the address and the reason", async () => {
  const { code, stderr, stdout } = await healthcheck({ metrics: "127.0.0.1:1" });

  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toBe(
    "akproxy: error: listen.metrics: 127.0.0.1:1 does not answer: ECONNREFUSED\n" +
      "akproxy: hint: start akproxy, or give the config of the running one: -c FILE\n",
  );
});

test("another program at the address is unhealthy", async () => {
  const other = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("hello", { status: 404 }) });

  const { code, stderr } = await healthcheck({ metrics: `127.0.0.1:${other.port}` });
  await other.stop(true);

  expect(code).toBe(1);
  expect(stderr).toContain("is in use by another program");
  expect(stderr).toContain("hint: stop that program, or change listen.metrics\n");
});

test("a program that accepts and never answers is unhealthy within seconds", async () => {
  const silent = Bun.listen({ port: 0, hostname: "127.0.0.1", socket: { data() {} } });

  const { code, stderr } = await healthcheck({ metrics: `127.0.0.1:${silent.port}` });
  silent.stop(true);

  expect(code).toBe(1);
  expect(stderr).toContain("does not answer: timeout");
}, 10_000);
