import { afterEach, expect, test } from "bun:test";
import { fetchUpstream } from "../../src/upstream/http-client.ts";
import { type RawExchange, type RawUpstream, startRawUpstream } from "../fakes/upstream.ts";
import { noAbort, requestTo, serveFrom } from "./request-to.ts";

const send = fetchUpstream();
const started: { stop(force?: boolean): unknown }[] = [];
const mebibyte = 1024 * 1024;

afterEach(async () => {
  for (const server of started.splice(0)) await server.stop(true);
});

async function scripted(handler: (exchange: RawExchange) => void): Promise<RawUpstream> {
  const upstream = await startRawUpstream(handler);
  started.push(upstream);
  return upstream;
}

function proxyTo(upstream: RawUpstream): string {
  const server = serveFrom(upstream.hostAndPort);
  started.push(server);
  return `http://127.0.0.1:${server.port}/a`;
}

/** A process that serves `script`, which must print its port, and the highest resident size it ever had. */
async function spawned(script: string): Promise<{ readonly port: string; readonly peakBytes: () => Promise<number> }> {
  const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stderr: "inherit" });
  started.push({ stop: () => child.kill() });
  const line = await child.stdout.getReader().read();
  const peakBytes = async (): Promise<number> => {
    const status = await Bun.file(`/proc/${child.pid}/status`).text();
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
  };
  return {
    port: Buffer.from(line.value ?? [])
      .toString()
      .trim(),
    peakBytes,
  };
}

const sourceAndSink = `
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", maxRequestBodySize: 1e12, async fetch(request) {
    if (request.method === "GET") {
      let left = 512;
      return new Response(new ReadableStream({ pull(c) {
        if (left === 0) return c.close();
        left -= 1;
        c.enqueue(new Uint8Array(${mebibyte}).fill(7));
      } }));
    }
    let bytes = 0;
    for await (const chunk of request.body) bytes += chunk.length;
    return new Response(request.headers.get("content-length") + " " + bytes);
  } });
  console.log(server.port);`;

async function proxyProcess(upstreamPort: string) {
  const module = `${import.meta.dir}/request-to.ts`;
  return spawned(`import { serveFrom } from "${module}"; console.log(serveFrom("127.0.0.1:${upstreamPort}").port);`);
}

test("the first event of a stream reaches the client before the second is sent", async () => {
  const upstream = await scripted((exchange) => {
    exchange.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n");
  });
  const url = proxyTo(upstream);

  const response = await fetch(url);
  const reader = response.body?.getReader();
  const first = await reader?.read();
  upstream.exchanges[0]?.write("data: 2\n\n");
  const second = await reader?.read();
  await reader?.cancel();

  expect(response.headers.get("content-type")).toBe("text/event-stream");
  expect(Buffer.from(first?.value ?? []).toString()).toBe("data: 1\n\n");
  expect(Buffer.from(second?.value ?? []).toString()).toBe("data: 2\n\n");
});

test("a client that leaves closes the upstream's connection: before an answer, amid a stream, amid a long body", async () => {
  const upstream = await scripted((exchange) => {
    if (upstream.exchanges.length === 2) exchange.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nx");
    if (upstream.exchanges.length === 3) {
      exchange.write(`HTTP/1.1 200 OK\r\nContent-Length: ${100 * mebibyte}\r\n\r\n`);
      exchange.write(new Uint8Array(mebibyte));
    }
  });
  const url = proxyTo(upstream);

  for (const wait of ["head", "body", "body"] as const) {
    const client = new AbortController();
    const fetching = fetch(url, { signal: client.signal });
    if (wait === "body") await (await fetching).body?.getReader().read();
    else setTimeout(() => client.abort(), 30); // nothing tells that the head has gone out
    if (wait === "body") client.abort();
    await fetching.catch(() => undefined);
    await upstream.exchanges.at(-1)?.closed;
  }

  expect(upstream.exchanges.length).toBe(3);
});

test("cancelling an answer's body closes the upstream's connection", async () => {
  const upstream = await scripted((exchange) => exchange.write("HTTP/1.1 200 OK\r\n\r\nendless"));

  const answer = await send(requestTo(upstream.hostAndPort), null, noAbort());
  await answer.body?.cancel();

  await upstream.exchanges[0]?.closed;
  expect(upstream.exchanges.length).toBe(1);
});

test("512 MiB go through whole in both directions, and the process in between stays below 160 MiB", async () => {
  const upstream = await spawned(sourceAndSink);
  const proxy = await proxyProcess(upstream.port);
  const url = `http://127.0.0.1:${proxy.port}/a`;
  const size = 512 * mebibyte;
  let left = size;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (left === 0) return controller.close();
      left -= mebibyte;
      controller.enqueue(new Uint8Array(mebibyte));
    },
  });

  let down = 0;
  for await (const chunk of (await fetch(url)).body ?? []) down += chunk.length;
  const headers = { "Content-Length": String(size) };
  const up = await (await fetch(url, { method: "POST", body, headers })).text();

  expect(down).toBe(size);
  expect(up).toBe(`${size} ${size}`);
  expect(await proxy.peakBytes()).toBeLessThan(160 * mebibyte);
}, 30_000);

test("an upstream that does not read holds the client's body back", async () => {
  const upstream = await scripted((exchange) => void exchange.socket.pause());
  let pulled = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled += mebibyte;
      controller.enqueue(new Uint8Array(mebibyte));
    },
  });
  const client = new AbortController();

  const sending = send(requestTo(upstream.hostAndPort, { method: "POST" }), body, client.signal).catch((e) => e.code);
  await Bun.sleep(300); // nothing tells of what is not read
  const whileStuck = pulled;
  client.abort();

  expect(await sending).toBe("upstream_unreachable");
  expect(whileStuck).toBeLessThan(32 * mebibyte);
});

test("a client that does not read holds the upstream's body back", async () => {
  let written = 0;
  const upstream = await scripted((exchange) => {
    exchange.write("HTTP/1.1 200 OK\r\n\r\n");
    const more = (): void => {
      written += mebibyte;
      if (exchange.socket.write(new Uint8Array(mebibyte))) setImmediate(more);
      else exchange.socket.once("drain", more);
    };
    more();
  });

  const answer = await send(requestTo(upstream.hostAndPort), null, noAbort());
  const reader = answer.body?.getReader();
  await reader?.read();
  await Bun.sleep(300); // nothing tells of what is not read
  const whileStuck = written;
  await reader?.cancel();

  expect(whileStuck).toBeLessThan(32 * mebibyte);
});
