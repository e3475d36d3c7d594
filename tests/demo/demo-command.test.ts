import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../fakes/free-port.ts";
import { startAkproxy } from "../fakes/run-akproxy.ts";

const directory = mkdtempSync(join(tmpdir(), "akproxy-demo-test-"));
afterAll(() => rmSync(directory, { recursive: true }));

/** Starts `akproxy demo` in a directory that holds a config file, which it must not read. */
function demo(...flags: string[]) {
  const file = join(directory, "akproxy.toml");
  writeFileSync(file, 'this is not a config = ["');
  return startAkproxy(["demo", ...flags], { cwd: directory, env: { AKPROXY_CONFIG: file, NO_COLOR: "1" } });
}

/** What `process` prints until it prints `end`. */
async function printedUntil(process: ReturnType<typeof demo>, end: string): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of process.stdout) {
    text += decoder.decode(chunk, { stream: true });
    if (text.includes(end)) break;
  }
  return text;
}

function textOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  return new Response(stream).text();
}

test("the demo serves the application behind a login, reads no config file, and stops everything at SIGINT", async () => {
  const port = freePort();
  const url = `http://localhost:${port}`;

  const process = demo("--port", String(port));
  const printed = await printedUntil(process, "Ctrl-C");
  const open = await fetch(`${url}/public/health`, { headers: { Accept: "text/html" } });
  const openText = await open.text();
  const closed = await fetch(`${url}/reports?year=2026`, { headers: { Accept: "text/html" }, redirect: "manual" });
  const start = await fetch(closed.headers.get("location") ?? "", { redirect: "manual" });
  const issuer = new URL(start.headers.get("location") ?? "");
  const program = await fetch(`${url}/`, { headers: { Accept: "application/json" }, redirect: "manual" });
  process.kill("SIGINT");
  const code = await process.exited;

  expect(printed).toContain(`${url}/`);
  expect(open.status).toBe(200);
  expect(openText).toContain("This path is public");
  expect(closed.status).toBe(302);
  expect(issuer.hostname).toBe("127.0.0.1");
  expect(issuer.searchParams.get("client_id")).toBe("akproxy-demo");
  expect(program.status).toBe(401);
  expect(code).toBe(130);
  expect(await textOf(process.stderr)).toBe("");
  await expect(fetch(issuer)).rejects.toThrow();
  await expect(fetch(`${url}/`)).rejects.toThrow();
});

test("a port in use ends the demo with 74, its number and another port to try", async () => {
  const taken = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });

  const process = demo("--port", String(taken.port));
  const code = await process.exited;
  const { port } = taken;
  await taken.stop(true);

  expect(code).toBe(74);
  expect(await textOf(process.stderr)).toBe(
    `akproxy: error: demo: port ${port} is in use by another program\nakproxy: hint: choose another port: akproxy demo --port ${Number(port) + 1}\n`,
  );
});

test.each(["0.0.0.0", "::", "192.0.2.1", "example.com"])(
  "--host %s is refused with 2: it is not loopback",
  async (host) => {
    const process = demo("--host", host);
    const code = await process.exited;

    expect(code).toBe(2);
    expect(await textOf(process.stderr)).toStartWith(
      `akproxy: error: demo: address "${host}" is not a loopback address\n`,
    );
    expect(await textOf(process.stdout)).toBe("");
  },
);

test.each(["0", "65536", "http", "-1", "9000x"])("--port %s is refused with 2", async (port) => {
  const process = demo(`--port=${port}`);

  expect(await process.exited).toBe(2);
  expect(await textOf(process.stderr)).toStartWith(`akproxy: error: demo: port "${port}" is not a port\n`);
});
