import { afterEach, expect, test } from "bun:test";
import type { WireHandler } from "../../../src/ports/wire.ts";
import { ClientConnection } from "../../../src/wire/client/connection.ts";
import { type HttpListener, headLimitsOf, listenHttp, sweepConnections } from "../../../src/wire/client/listener.ts";
import type { ListenerContext } from "../../../src/wire/client/listener-context.ts";
import { Pool } from "../../../src/wire/upstream/pool.ts";
import { header, requestText, sendRaw } from "../../fakes/raw-client.ts";
import { turns } from "../../fakes/waits.ts";
import { ample, roomFor } from "./connection-rooms.ts";

let listener: HttpListener;
afterEach(() => listener.stop());

const refusal = ({ status, reason }: { readonly status: number; readonly reason: string }) => ({
  status,
  headers: [],
  body: reason,
});

/** Answers with the body in brackets, and GET at once. */
const echo: WireHandler = ({ method }) =>
  method === "GET"
    ? { kind: "answer", answer: { status: 200, headers: [], body: "got" } }
    : {
        kind: "read_body",
        mostBytes: 20,
        answer: async (body) => ({ status: 200, headers: [], body: `[${body}]` }),
      };

function start(handler: WireHandler = echo, bodyBytes = 0): number {
  listener = listenHttp({
    address: { kind: "tcp", hostname: "127.0.0.1", port: 0 },
    handler,
    refusal,
    pool: new Pool(),
    ...roomFor(ample),
    limits: { headBytes: 32_768, bodyBytes, idleSeconds: 60 },
  });
  return listener.port ?? 0;
}

const post = (body: string, length = body.length) =>
  requestText("POST /x HTTP/1.1", [
    ["Host", "app.test"],
    ["Content-Length", String(length)],
  ]) + body;
const chunkedHead = requestText("POST /x HTTP/1.1", [
  ["Host", "app.test"],
  ["Transfer-Encoding", "chunked"],
]);
const get = requestText("GET /y HTTP/1.1", [["Host", "app.test"]]);

test.each([
  ["with a length", [post("a=b")], "[a=b]"],
  ["in pieces", [post("a", 3), "=", "b"], "[a=b]"],
  ["chunked", [chunkedHead, "2\r\na=\r\n", "1;x=y\r\nb\r\n0\r\nT: v\r\n\r\n"], "[a=b]"],
  ["of UTF-8", [post("\xc3\xa4")], "[\xc3\xa4]"],
  ["of the largest allowed size", [post("x".repeat(20))], `[${"x".repeat(20)}]`],
  ["of length 0", [post("")], "[]"],
  ["that is missing", [requestText("POST /x HTTP/1.1", [["Host", "app.test"]])], "[]"],
])("a body %s is read, and the connection stays open", async (_what, parts, body) => {
  const port = start();

  const { answers } = await sendRaw(port, [...parts, get], { answers: 2 });

  expect(answers.map((answer) => [answer.status, answer.body])).toEqual([
    [200, body],
    [200, "got"],
  ]);
});

test("OUT-05: a length above the limit is 413 before a byte of the body is read, and the connection ends", async () => {
  const port = start();

  const { answers, closed } = await sendRaw(port, post("", 21), { answers: 2 });

  expect(answers.map(({ status, body }) => [status, body])).toEqual([[413, "the body is larger than allowed"]]);
  expect(closed).toBe(true);
});

test("OUT-05: chunks above the limit are 413, and the bytes behind them are not read as a request", async () => {
  const port = start();

  const { answers } = await sendRaw(port, [chunkedHead, "14\r\n", "x".repeat(20), "\r\n1\r\nx\r\n0\r\n\r\n", get], {
    answers: 2,
    millisecondsToWait: 300,
  });

  expect(answers.map(({ status }) => status)).toEqual([413]);
});

test("limits.request_body applies if it is the smaller limit", async () => {
  const port = start(echo, 10);

  const { answers } = await sendRaw(port, [chunkedHead, "b\r\nxxxxxxxxxxx\r\n0\r\n\r\n"]);

  expect(answers.map(({ status }) => status)).toEqual([413]);
});

test("a broken chunk is 400", async () => {
  const port = start();

  const { answers } = await sendRaw(port, [chunkedHead, "zz\r\n"]);

  expect(answers.map(({ status }) => status)).toEqual([400]);
});

test("a client that expects 100 gets it before it sends the body", async () => {
  const port = start();
  const head = requestText("POST /x HTTP/1.1", [
    ["Host", "app.test"],
    ["Content-Length", "3"],
    ["Expect", "100-continue"],
  ]);

  const { bytes, answers } = await sendRaw(port, [head, "a=b"]);

  expect(bytes).toStartWith("HTTP/1.1 100 Continue\r\n\r\n");
  expect(answers[0]?.body).toBe("[a=b]");
});

test("a slow answer holds back the next request, and both are answered in order", async () => {
  const port = start(({ method }) =>
    method === "GET"
      ? { kind: "answer", answer: { status: 200, headers: [], body: "second" } }
      : {
          kind: "read_body",
          mostBytes: 20,
          async answer() {
            await turns(20);
            return { status: 200, headers: [], body: "first" };
          },
        },
  );

  const { answers } = await sendRaw(port, post("a=b") + get, { answers: 2 });

  expect(answers.map(({ body }) => body)).toEqual(["first", "second"]);
});

test("a client that leaves before its answer is ready does no harm", async () => {
  const made = Promise.withResolvers<void>();
  const port = start(() => ({
    kind: "read_body",
    mostBytes: 20,
    async answer() {
      await made.promise;
      return { status: 200, headers: [], body: "late" };
    },
  }));
  await sendRaw(port, post("a=b"), { millisecondsToWait: 20 });

  made.resolve();
  const { answers } = await sendRaw(port, post("a=b"));

  expect(answers.map(({ body }) => body)).toEqual(["late"]);
});

test("a client that ends in the middle of its body gets no answer", async () => {
  let asked = false;
  const port = start(() => ({
    kind: "read_body",
    mostBytes: 20,
    async answer() {
      asked = true;
      return { status: 200, headers: [], body: "" };
    },
  }));

  await sendRaw(port, post("a", 3), { millisecondsToWait: 20 });

  expect(asked).toBe(false);
});

/** A connection on a fake socket, for tests that move the clock. */
function fakeConnection(first: string) {
  let written = "";
  const shared: ListenerContext = {
    scheme: "http",
    handler: echo,
    refusal,
    pool: new Pool(),
    limits: { headBytes: 32_768, bodyBytes: 0, idleSeconds: 60 },
    headLimits: headLimitsOf({ headBytes: 32_768, bodyBytes: 0, idleSeconds: 60 }),
    room: roomFor(ample).room,
    connections: new Set(),
    isDraining: false,
  };
  const owner = new ClientConnection(shared, {
    peerAddress: "",
    serverName: null,
    write(bytes) {
      written += Buffer.from(bytes).toString("latin1");
      return true;
    },
    pause: () => undefined,
    resume: () => undefined,
    end: () => undefined,
    terminate: () => undefined,
  });
  owner.data(Buffer.from(first, "latin1"));
  return { shared, owner, written: () => written };
}

test("DOS-02: a body that is not whole after ten seconds is 408, even if bytes still arrive", () => {
  start();
  const { shared, owner, written } = fakeConnection(post("a", 20));

  sweepConnections(shared, Date.now() + 9_000);
  const before = written();
  owner.data(Buffer.from("b"));
  sweepConnections(shared, Date.now() + 11_000);

  expect(before).toBe("");
  expect(written()).toStartWith("HTTP/1.1 408 ");
  expect(header({ headers: [["connection", /connection: (\w+)/i.exec(written())?.[1] ?? ""]] }, "connection")).toBe(
    "close",
  );
});

test("a whole body has no time limit while its answer is prepared", () => {
  start();
  const { shared, written } = fakeConnection(post("abc"));

  sweepConnections(shared, Date.now() + 60_000);

  expect(written()).toBe("");
});
