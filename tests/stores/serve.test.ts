import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../proxies/harness.ts";
import { isServerHere, type ServerName, startServer } from "./store-server.ts";

const folder = mkdtempSync(join(tmpdir(), "akproxy-serve-"));
afterAll(() => rmSync(folder, { recursive: true }));
const main = join(import.meta.dir, "../../src/main.ts");
let made = 0;

/** `akproxy serve` with this store, its URL in a file. */
function serve(store: string) {
  made += 1;
  writeFileSync(join(folder, `url-${made}`), store, { mode: 0o600 });
  const file = join(folder, `akproxy-${made}.toml`);
  const text = `
state_dir = "${folder}/state"
[listen]
http = "127.0.0.1:0"
https = ""
metrics = ""
[sessions]
store_file = "url-${made}"
[oidc]
issuer = "http://127.0.0.1:1"
client_id = "akproxy"
client_secret = "x"
[providers.app]
mode = "proxy"
external_host = "http://localhost"
internal_host = "http://127.0.0.1:1"
`;
  writeFileSync(file, text, { mode: 0o600 });
  return Bun.spawn([process.execPath, main, "serve", "-c", file], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
}

async function ended(child: ReturnType<typeof serve>) {
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, said: out + err };
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
      const child = serve(server.url);
      const reader = child.stdout.getReader();
      let said = "";
      while (!said.includes('"ready"')) {
        const { value, done } = await reader.read();
        if (done) throw new Error(`serve ended: ${said}${await new Response(child.stderr).text()}`);
        said += new TextDecoder().decode(value);
      }
      reader.releaseLock();

      child.kill("SIGTERM");
      const start = performance.now();
      const code = await child.exited;

      expect(said).toContain("outpost.secret is not set, and every machine makes its own");
      expect(code).toBe(143);
      expect(performance.now() - start).toBeLessThan(3000);
      await server.stop();
    });

    test("a server that takes the connection and says nothing ends serve with 74 within ten seconds", async () => {
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

if (isServerHere("redis")) serveOn("redis");
if (isServerHere("postgres")) serveOn("postgres");
