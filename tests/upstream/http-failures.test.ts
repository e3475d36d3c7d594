import { afterEach, expect, test } from "bun:test";
import { Failure } from "../../src/core/failure.ts";
import { fetchUpstream } from "../../src/upstream/http-client.ts";
import { type RawExchange, type RawUpstream, startRawUpstream } from "../fakes/upstream.ts";
import { noAbort, requestTo, streamOf, textOf } from "./request-to.ts";

const send = fetchUpstream();
const started: RawUpstream[] = [];

afterEach(async () => {
  for (const upstream of started.splice(0)) await upstream.stop();
});

async function scripted(handler: (exchange: RawExchange) => void): Promise<RawUpstream> {
  const upstream = await startRawUpstream(handler);
  started.push(upstream);
  return upstream;
}

async function failureOf(sending: Promise<unknown>): Promise<Failure> {
  const error = await sending.then(
    () => new Error("was answered"),
    (thrown: unknown) => thrown,
  );
  if (error instanceof Failure) return error;
  throw error;
}

test("nobody listening: unreachable, with a message that names the upstream and holds no target", async () => {
  const upstream = await scripted(() => undefined);
  const { hostAndPort } = upstream;
  await upstream.stop();
  started.length = 0;

  const failure = await failureOf(send(requestTo(hostAndPort, { target: "/a?token=secret" }), null, noAbort()));

  expect(failure.code).toBe("upstream_unreachable");
  expect(failure.message).toBe(`upstream: "http://${hostAndPort}" gave no usable answer: ECONNREFUSED`);
  expect(failure.cause).toBeInstanceOf(Error);
});

test("nobody listening is unreachable for a request with a body, too", async () => {
  const upstream = await scripted(() => undefined);
  const { hostAndPort } = upstream;
  await upstream.stop();
  started.length = 0;

  const failure = await failureOf(send(requestTo(hostAndPort, { method: "POST" }), streamOf("abc"), noAbort()));

  expect(failure.code).toBe("upstream_unreachable");
});

test("a name that does not resolve is unreachable", async () => {
  const failure = await failureOf(send(requestTo("nowhere.invalid:80"), null, noAbort()));

  expect(failure.code).toBe("upstream_unreachable");
});

test.each([
  ["closes without an answer", (exchange: RawExchange) => exchange.end()],
  ["resets the connection", (exchange: RawExchange) => exchange.reset()],
  ["UPS-16: answers 101 unasked", (exchange: RawExchange) => exchange.write("HTTP/1.1 101 S\r\nUpgrade: h2c\r\n\r\n")],
  ["answers no HTTP", (exchange: RawExchange) => exchange.end("SSH-2.0-x\r\n\r\n")],
  ["answers status 999", (exchange: RawExchange) => exchange.write("HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n")],
  ["answers status 099", (exchange: RawExchange) => exchange.write("HTTP/1.1 099 X\r\nContent-Length: 0\r\n\r\n")],
  [
    "gives two lengths",
    (exchange: RawExchange) => exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
  ],
])("an upstream that %s is unreachable", async (_, handler) => {
  const upstream = await scripted(handler);

  const failure = await failureOf(send(requestTo(upstream.hostAndPort), null, noAbort()));

  expect(failure.code).toBe("upstream_unreachable");
});

test("an upstream that stays silent is a timeout, and its connection is closed", async () => {
  const upstream = await scripted(() => undefined);

  const failure = await failureOf(send(requestTo(upstream.hostAndPort, { timeoutSeconds: 0.05 }), null, noAbort()));

  expect(failure.code).toBe("upstream_timeout");
  expect(failure.message).toBe(`upstream: "${upstream.origin}" sent nothing for 0.05 s`);
  await upstream.exchanges[0]?.closed;
});

test("a body that comes slowly after the first byte is no timeout", async () => {
  const upstream = await scripted((exchange) => {
    exchange.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n");
    setTimeout(() => exchange.write("1\r\nk\r\n0\r\n\r\n"), 150);
  });

  const answer = await send(requestTo(upstream.hostAndPort, { timeoutSeconds: 0.05 }), null, noAbort());

  expect(await textOf(answer.body)).toBe("ok");
});

test("a client that still sends its body does not use up the upstream's time", async () => {
  const upstream = await scripted(async (exchange) => {
    exchange.write(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n${(await exchange.body()).slice(-2)}`);
  });
  let sent = 0;
  const slow = new ReadableStream<Uint8Array>({
    async pull(controller) {
      await Bun.sleep(40);
      controller.enqueue(Buffer.from(String(sent)));
      sent += 1;
      if (sent === 5) controller.close();
    },
  });

  const answer = await send(requestTo(upstream.hostAndPort, { method: "POST", timeoutSeconds: 0.1 }), slow, noAbort());

  expect(await textOf(answer.body)).toBe("34");
});

test("an answer before the whole body has been sent is handed on, and no timeout follows it", async () => {
  const upstream = await scripted((exchange) => {
    exchange.write("HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\n\r\nth");
    setTimeout(() => exchange.write("is"), 150);
  });
  let pulls = 0;
  const endless = new ReadableStream<Uint8Array>({
    async pull(controller) {
      await Bun.sleep(10);
      pulls += 1;
      controller.enqueue(Buffer.from("x"));
    },
  });
  const client = new AbortController();

  const answer = await send(
    requestTo(upstream.hostAndPort, { method: "POST", timeoutSeconds: 0.05 }),
    endless,
    client.signal,
  );
  const body = await textOf(answer.body);
  client.abort();

  expect([answer.status, body]).toEqual([413, "this"]);
  expect(pulls).toBeGreaterThan(0);
});

test("a client that breaks its body off is a bad request, not the upstream's failure", async () => {
  const upstream = await scripted(() => undefined);
  const broken = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(Buffer.from("abc"));
      setTimeout(() => controller.error(new Error("gone")), 20);
    },
  });

  const failure = await failureOf(send(requestTo(upstream.hostAndPort, { method: "POST" }), broken, noAbort()));

  expect(failure.code).toBe("bad_request");
  await upstream.exchanges[0]?.closed;
});

test("UPS-09: no proxy of the environment is used", async () => {
  const upstream = await scripted((exchange) => exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\ndirect"));
  const proxy = await scripted((exchange) => exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nproxy"));
  const script = `
    import { fetchUpstream } from "${import.meta.dir}/../../src/upstream/http-client.ts";
    import { noAbort, requestTo, textOf } from "${import.meta.dir}/request-to.ts";
    const plain = await (await fetch("http://${upstream.hostAndPort}/")).text();
    const answer = await fetchUpstream()(requestTo("${upstream.hostAndPort}"), null, noAbort());
    console.log(plain, await textOf(answer.body));
    process.exit(0);`;

  const child = Bun.spawn([process.execPath, "-e", script], {
    env: { ...process.env, HTTP_PROXY: proxy.origin, http_proxy: proxy.origin, NO_PROXY: "", no_proxy: "" },
    stderr: "inherit",
  });

  expect(await new Response(child.stdout).text()).toBe("proxy direct\n");
});
