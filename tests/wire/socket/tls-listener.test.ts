import { afterEach, expect, test } from "bun:test";
import { connect as connectPlain, createServer } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import type { ByteSocket } from "../../../src/wire/socket/byte-socket.ts";
import { listenTls } from "../../../src/wire/socket/tls-listener.ts";
import { waitUntil, within } from "../../fakes/waits.ts";
import { certificate } from "../whole-wire.ts";

const stops: (() => unknown)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0).reverse()) stop();
});

const alert = 0x15; //                             the type of a TLS 1.2 record; in TLS 1.3 it is hidden

interface Seen {
  readonly events: string[];
  readonly socket: TLSSocket;
  /** The types of the records that the server has sent. */
  records(): readonly number[];
  /** Resolves with the server's FIN; rejects if the connection is cut. */
  readonly finished: Promise<void>;
  /** The number of received bytes. */
  received(): number;
  readonly over: Promise<void>;
}

/** A TLS 1.2 client that has written "go", and the events of the server's side; `serve` gets the server's socket then. */
async function visited(serve: (socket: ByteSocket) => void, ended?: (socket: ByteSocket) => void): Promise<Seen> {
  const events: string[] = [];
  const listener = await listenTls(
    { kind: "tcp", hostname: "127.0.0.1", port: 0 },
    { fallback: certificate, named: [], minVersion: "1.2" },
    { admit: () => events.push("enters") > 0, left: () => void events.push("left") },
    (socket) => ({
      data: () => serve(socket),
      drained: () => void events.push("drained"),
      ended() {
        events.push("ended");
        ended?.(socket);
      },
      closed: () => void events.push("closed"),
      failed: () => void events.push("failed"),
    }),
  );
  stops.push(() => listener.stop());
  const wiretap = await tapped(listener.port ?? 0);
  const socket = connect({
    port: wiretap.port,
    host: "127.0.0.1",
    rejectUnauthorized: false,
    maxVersion: "TLSv1.2",
  });
  socket.allowHalfOpen = true;
  stops.push(() => socket.destroy());
  await new Promise((resolve) => socket.once("secureConnect", resolve));
  let received = 0;
  const { promise: over, resolve } = Promise.withResolvers<void>();
  socket.on("data", (bytes: Buffer) => {
    received += bytes.length;
  });
  for (const event of ["end", "close", "error"]) socket.on(event, () => resolve());
  return { events, socket, records: wiretap.records, finished: wiretap.finished, received: () => received, over };
}

/** A port that forwards to `port` and records the bytes that come from there. */
async function tapped(port: number): Promise<Pick<Seen, "records" | "finished"> & { readonly port: number }> {
  const pieces: Buffer[] = [];
  const { promise: finished, resolve: fin, reject: cut } = Promise.withResolvers<void>();
  finished.catch(() => undefined);
  const tap = createServer({ allowHalfOpen: true }, (client) => {
    const server = connectPlain({ port, host: "127.0.0.1", allowHalfOpen: true });
    client.pipe(server);
    server.pipe(client);
    server.on("data", (bytes: Buffer) => void pieces.push(bytes));
    server.on("end", fin);
    for (const side of [client, server]) {
      side.on("error", (error) => {
        cut(error);
        client.destroy();
        server.destroy();
      });
    }
  });
  await new Promise<void>((listening) => tap.listen(0, "127.0.0.1", listening));
  stops.push(() => tap.close());
  const address = tap.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    records: () => typesOf(Buffer.concat(pieces)),
    finished,
  };
}

function typesOf(stream: Buffer): readonly number[] {
  const types: number[] = [];
  for (let at = 0; at + 5 <= stream.length; at += 5 + stream.readUInt16BE(at + 3)) types.push(stream[at] ?? 0);
  return types;
}

const great = Buffer.alloc(8 * 1024 * 1024, "g");

test("bytes that wait for a slow client are sent in order, then `drained` follows", async () => {
  const took: boolean[] = [];
  const { events, socket, received, over } = await visited((server) => {
    took.push(server.write(great), server.write(Buffer.from("the ")), server.write(Buffer.from("end")));
  });
  let text = "";
  socket.on("data", (bytes: Buffer) => {
    text = (text + bytes.toString("latin1")).slice(-8);
  });
  socket.pause();
  socket.write("go");
  await waitUntil(() => took.length > 0);
  expect([took, events]).toEqual([[false, false, false], ["enters"]]);

  socket.resume();
  await waitUntil(() => events.includes("drained"));
  await waitUntil(() => received() >= great.length + 7);

  expect([text, events]).toEqual(["gthe end", ["enters", "drained"]]);
  socket.destroy();
  await over;
});

test("end: all waiting bytes arrive, then close_notify and FIN", async () => {
  const { socket, received, records, over, finished } = await visited((server) => {
    server.write(great);
    server.end();
  });

  socket.write("go");
  await within(() => over, "no close_notify came");
  await within(() => finished, "no FIN came");

  expect(received()).toBe(great.length);
  expect(records().at(-1)).toBe(alert);
  expect(records().filter((type) => type === alert)).toHaveLength(1);
});

test("terminate: the client gets RST and no close_notify", async () => {
  const { events, socket, records, finished } = await visited((server) => {
    server.write(Buffer.from("part"));
    server.terminate();
  });

  socket.write("go");
  const end = await within(() => finished.catch(({ code }) => code), "the client was left");

  expect([records().includes(alert), end]).toEqual([false, "ECONNRESET"]);
  expect(events.filter((what) => what !== "ended")).toEqual(["enters", "closed", "left"]);
});

test("a client that has sent its close_notify still gets the whole answer, and close_notify", async () => {
  const { events, socket, received, records, over } = await visited(
    () => undefined,
    (server) => {
      server.write(great);
      server.end();
    },
  );

  socket.end("go");
  await within(() => over, "it did not end");

  expect(received()).toBe(great.length);
  expect(records().at(-1)).toBe(alert);
  expect(events.filter((what) => what === "ended")).toHaveLength(1);
});
