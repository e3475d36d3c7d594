import { afterEach, describe, expect, test } from "bun:test";
import { type RawExchange, type RawUpstream, startRawUpstream } from "../../fakes/upstream.ts";
import { waitUntil, within } from "../../fakes/waits.ts";
import { type Carrier, forwardsTo, startWholeWire, type WholeWire } from "../whole-wire.ts";
import { switchingTo } from "./tunnel-fakes.ts";

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

interface Wired {
  readonly wire: WholeWire;
  readonly upstream: RawUpstream;
  /** The first request that reached the upstream. */
  readonly asked: Promise<RawExchange>;
}

async function wired(carrier: Carrier, serve: (exchange: RawExchange) => void = () => undefined): Promise<Wired> {
  const { promise: asked, resolve } = Promise.withResolvers<RawExchange>();
  const upstream = await startRawUpstream((exchange) => {
    resolve(exchange);
    serve(exchange);
  });
  const wire = await startWholeWire(carrier, forwardsTo(upstream.port));
  stops.push(() => upstream.stop(), wire.stop);
  return { wire, upstream, asked };
}

const upload = {
  length: "POST /a HTTP/1.1\r\nHost: app.test\r\nContent-Length: 1000\r\n\r\nhello",
  chunked: "POST /a HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
} as const;

describe.each<Carrier>(["plain", "tls"])("over %s", (carrier) => {
  describe.each(["length", "chunked"] as const)(
    "a client that leaves in the middle of an upload with %s",
    (framing) => {
      test.each(["FIN", "RST"] as const)("by %s: the upstream connection is closed", async (how) => {
        const { wire, asked } = await wired(carrier);
        const client = await wire.client();

        client.socket.write(upload[framing]);
        const exchange = await asked;
        await waitUntil(() => exchange.received() >= 5);
        if (how === "FIN") client.socket.end();
        else client.carrier.resetAndDestroy();

        await within(() => exchange.closed, "the upstream was left");
        await wire.quiet();
        expect(wire.pool.count()).toEqual({ idle: 0, inUse: 0 });
      });
    },
  );

  test("if a client leaves before its answer, the upstream connection is closed", async () => {
    const { wire, asked } = await wired(carrier);
    const client = await wire.client();

    client.socket.write("GET /a HTTP/1.1\r\nHost: app.test\r\n\r\n");
    const exchange = await asked;
    client.carrier.resetAndDestroy();

    await within(() => exchange.closed, "the upstream was left");
    await wire.quiet();
  });

  test("if a client leaves in the middle of a download, the upstream connection is closed", async () => {
    const { wire, asked } = await wired(carrier, (exchange) => {
      exchange.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      const more = setInterval(() => exchange.write("4\r\nmore\r\n"), 1);
      void exchange.closed.then(() => clearInterval(more));
    });
    const client = await wire.client();

    client.socket.write("GET /a HTTP/1.1\r\nHost: app.test\r\n\r\n");
    await client.has("more");
    client.carrier.resetAndDestroy();

    await within(async () => (await asked).closed, "the upstream was left");
    await wire.quiet();
  });

  test("each event of a stream reaches the client before the upstream sends the next", async () => {
    const { wire, asked } = await wired(carrier, (exchange) =>
      exchange.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"),
    );
    const client = await wire.client();
    client.socket.write("GET /events HTTP/1.1\r\nHost: app.test\r\n\r\n");
    await client.has("text/event-stream");

    for (const event of ["data: 1\n\n", "data: 2\n\n", "data: 3\n\n"]) {
      (await asked).write(`9\r\n${event}\r\n`);
      await client.has(event);
    }

    expect(client.text()).toEndWith("9\r\ndata: 1\n\n\r\n9\r\ndata: 2\n\n\r\n9\r\ndata: 3\n\n\r\n");
  });

  test("each byte of a slow upload reaches the upstream before the client sends the next", async () => {
    const { wire, asked } = await wired(carrier);
    const client = await wire.client();
    client.socket.write("POST /a HTTP/1.1\r\nHost: app.test\r\nContent-Length: 5\r\n\r\n");
    const exchange = await asked;

    for (const [sent, byte] of [..."hello"].entries()) {
      client.socket.write(byte);
      await waitUntil(() => exchange.received() > sent);
    }

    expect(await exchange.body()).toBe("hello");
  });

  test("a client that ends before its body starts gets no answer, and the upstream connection is closed", async () => {
    const { wire, asked } = await wired(carrier);
    const client = await wire.client();

    client.socket.write("POST /a HTTP/1.1\r\nHost: app.test\r\nContent-Length: 5\r\n\r\n");
    const exchange = await asked;
    client.socket.end();

    await within(() => exchange.closed, "the upstream was left");
    await within(() => client.over, "the client was left");
    expect(client.text()).toBe("");
  });

  test("a client that ends after its request gets the whole answer", async () => {
    const { wire, asked } = await wired(carrier);
    const client = await wire.client();

    client.socket.end("POST /a HTTP/1.1\r\nHost: app.test\r\nContent-Length: 2\r\n\r\nhi");
    const exchange = await asked;
    await exchange.body();
    await waitUntil(() => [...wire.shared.connections].every(({ clientEnded }) => clientEnded));
    exchange.write("HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 5\r\n\r\nwhole");

    await within(() => client.over, "the answer did not end");
    expect(client.text()).toStartWith("HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 5\r\n");
    expect(client.text()).toEndWith("\r\n\r\nwhole");
    client.socket.destroy();
    await wire.quiet();
  });

  test("if an upstream breaks off, the client's connection ends before its content", async () => {
    const { wire, asked } = await wired(carrier, (exchange) =>
      exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"),
    );
    const client = await wire.client();

    client.socket.write("GET /a HTTP/1.1\r\nHost: app.test\r\n\r\n");
    await client.has("hello");
    (await asked).reset();

    await within(() => client.over, "the client was left");
    expect(client.text()).toEndWith("\r\n\r\nhello");
    await wire.quiet();
  });

  describe("a tunnel", () => {
    const ask = [
      "GET /chat HTTP/1.1",
      "Host: app.test",
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
      "\r\n",
    ].join("\r\n");

    test("the upstream's bytes after the client's FIN arrive, then both sides end", async () => {
      const { wire, asked } = await wired(carrier, (exchange) => {
        exchange.socket.allowHalfOpen = true; // else Node answers a FIN with its own
        exchange.write(switchingTo(exchange.head));
      });
      const client = await wire.client();
      client.socket.write(ask);
      await client.has("\r\n\r\n");

      client.socket.end("from the client");
      const exchange = await asked;
      await ended(exchange);
      exchange.end("after the client's FIN");

      await client.has("after the client's FIN");
      await within(() => client.over, "the client was left");
      await wire.quiet();
    });

    test("the client's bytes after the upstream's FIN arrive, then both sides end", async () => {
      const { wire, asked } = await wired(carrier, (exchange) => exchange.write(switchingTo(exchange.head)));
      const client = await wire.client();
      client.socket.write(ask);
      await client.has("\r\n\r\n");
      const exchange = await asked;
      let heard = "";
      exchange.socket.on("data", (bytes: Buffer) => {
        heard += bytes.toString("latin1");
      });

      exchange.end("last words");
      await within(() => client.over, "the FIN did not come");
      client.socket.end("after the upstream's FIN");

      await within(() => exchange.closed, "the upstream was left");
      expect(client.text()).toEndWith("last words");
      expect(heard).toEndWith("after the upstream's FIN");
      await wire.quiet();
    });
  });
});

function ended(exchange: RawExchange): Promise<void> {
  return within(
    () =>
      new Promise<void>((resolve) => {
        if (exchange.socket.readableEnded) resolve();
        exchange.socket.once("end", () => resolve());
      }),
    "the FIN did not come",
  );
}
