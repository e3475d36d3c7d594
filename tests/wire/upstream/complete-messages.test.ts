import { afterEach, expect, test } from "bun:test";
import type { UpstreamRequest } from "../../../src/core/upstream/upstream-request.ts";
import type { ClientSide, UpstreamSide } from "../../../src/wire/forward/sides.ts";
import { type RawExchange, scriptedUpstreams } from "../../fakes/upstream.ts";
import { turns, waitUntil } from "../../fakes/waits.ts";
import { answerThrough, exchangeOf, poolWith, type RecordingClient } from "../forward/fakes.ts";

const { scripted, stopAll } = scriptedUpstreams();
afterEach(stopAll);
const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const chunked = { framing: { kind: "chunked" } } as const;
const fiveBytes = { framing: { kind: "length", bytes: 5 } } as const;
const expecting = { ...fiveBytes, expectsContinue: true } as const;
const post = { method: "POST", target: "/odd" };

/** One odd request on a connection, and whether the next request may use that connection. */
interface Row {
  readonly what: string;
  readonly next: "the same connection" | "a new connection";
  readonly request?: Partial<UpstreamRequest>;
  readonly client?: Partial<ClientSide>;
  /** What the upstream does with the odd request. */
  readonly upstream: (exchange: RawExchange) => void | Promise<void>;
  /** What the client does after its head. */
  readonly sends?: (
    handle: UpstreamSide,
    client: RecordingClient,
    arrived: () => Promise<void>,
  ) => Promise<void> | void;
}

function body(...parts: string[]): NonNullable<Row["sends"]> {
  return (handle) => {
    for (const part of parts) handle.bodyChunk(Buffer.from(part));
    handle.bodyEnd();
  };
}

const rows: readonly Row[] = [
  { what: "a GET", next: "the same connection", upstream: (at) => at.write(ok) },
  {
    what: "a whole body with Content-Length",
    next: "the same connection",
    request: post,
    client: fiveBytes,
    upstream: async (at) => at.write(await at.body().then(() => ok)),
    sends: body("he", "llo"),
  },
  {
    what: "a whole chunked body",
    next: "the same connection",
    request: post,
    client: chunked,
    upstream: async (at) => at.write(await at.body().then(() => ok)),
    sends: body("he", "llo"),
  },
  {
    what: "an empty chunked body",
    next: "the same connection",
    request: post,
    client: chunked,
    upstream: async (at) => at.write(await at.body().then(() => ok)),
    sends: body(),
  },
  {
    what: "Content-Length: 0",
    next: "the same connection",
    request: post,
    client: { framing: { kind: "length", bytes: 0 } },
    upstream: (at) => at.write(ok),
  },
  {
    what: "a body that is short of its Content-Length when the answer ends",
    next: "a new connection",
    request: post,
    client: fiveBytes,
    upstream: (at) => at.write(ok),
    sends: (handle) => handle.bodyChunk(Buffer.from("he")),
  },
  {
    what: "a chunked body without its last chunk when the answer ends",
    next: "a new connection",
    request: post,
    client: chunked,
    upstream: (at) => at.write(ok),
    sends: (handle) => handle.bodyChunk(Buffer.from("he")),
  },
  {
    what: "a body that has not begun when the answer ends",
    next: "a new connection",
    request: post,
    client: chunked,
    upstream: (at) => at.write(ok),
    sends: () => undefined,
  },
  {
    what: "a client that leaves in the middle of its body",
    next: "a new connection",
    request: post,
    client: fiveBytes,
    upstream: () => undefined,
    sends: async (handle, _, arrived) => {
      handle.bodyChunk(Buffer.from("he"));
      await arrived();
      handle.clientGone();
    },
  },
  {
    what: "a client that breaks its chunked body off (a limit, or wrong framing)",
    next: "a new connection",
    request: post,
    client: chunked,
    upstream: () => undefined,
    sends: async (handle, _, arrived) => {
      handle.bodyChunk(Buffer.from("he"));
      await arrived();
      handle.bodyBroken();
    },
  },
  {
    what: "a client that leaves before its answer",
    next: "a new connection",
    upstream: () => undefined,
    sends: async (handle, _, arrived) => {
      await arrived();
      handle.clientGone();
    },
  },
  {
    what: "a client that leaves in the middle of its answer",
    next: "a new connection",
    upstream: (at) => at.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"),
    sends: async (handle, client) => {
      await client.has("half");
      handle.clientGone();
    },
  },
  {
    what: "an early answer whose end comes after the end of the body",
    next: "the same connection",
    request: post,
    client: fiveBytes,
    upstream: async (at) => {
      at.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhe");
      await at.body();
      at.write("re");
    },
    sends: async (handle, client) => {
      await client.has("he");
      body("hello")(handle, client, async () => undefined);
    },
  },
  {
    what: "an upload that the upstream refuses with 413",
    next: "a new connection",
    request: post,
    client: fiveBytes,
    upstream: (at) => at.write("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n"),
    sends: (handle) => handle.bodyChunk(Buffer.from("h")),
  },
  {
    what: "Expect: 100-continue that gets 100 and its body",
    next: "the same connection",
    request: post,
    client: expecting,
    upstream: async (at) => {
      at.write("HTTP/1.1 100 Continue\r\n\r\n");
      await at.body();
      at.write(ok);
    },
    sends: async (handle, client) => {
      await client.has("[interim]100");
      body("hello")(handle, client, async () => undefined);
    },
  },
  {
    what: "Expect: 100-continue that gets a final status",
    next: "a new connection",
    request: post,
    client: expecting,
    upstream: (at) => at.write("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n"),
    sends: () => undefined,
  },
  {
    what: "interim answers and then a final one",
    next: "the same connection",
    upstream: (at) => at.write(`HTTP/1.1 102 P\r\n\r\nHTTP/1.1 103 E\r\nLink: a\r\n\r\n${ok}`),
  },
  {
    what: "interim answers without a final one",
    next: "a new connection",
    upstream: (at) => at.write("HTTP/1.1 103 E\r\n\r\n".repeat(33)),
  },
  {
    what: "a 101 that nobody requested",
    next: "a new connection",
    upstream: (at) => at.write("HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"),
  },
  {
    what: "HEAD with a Content-Length",
    next: "the same connection",
    request: { method: "HEAD" },
    upstream: (at) => at.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"),
  },
  {
    what: "HEAD with Transfer-Encoding",
    next: "the same connection",
    request: { method: "HEAD" },
    upstream: (at) => at.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
  },
  { what: "204", next: "the same connection", upstream: (at) => at.write("HTTP/1.1 204 N\r\n\r\n") },
  {
    what: "204 that announces content, against RFC 9110 8.6",
    next: "a new connection",
    upstream: (at) => at.write("HTTP/1.1 204 N\r\nContent-Length: 2\r\n\r\n"),
  },
  {
    what: "204 with Transfer-Encoding, against RFC 9112 6.1",
    next: "a new connection",
    upstream: (at) => at.write("HTTP/1.1 204 N\r\nTransfer-Encoding: chunked\r\n\r\n"),
  },
  {
    what: "304 with the length of what it stands for",
    next: "the same connection",
    upstream: (at) => at.write("HTTP/1.1 304 N\r\nContent-Length: 2\r\n\r\n"),
  },
  {
    what: "a chunked answer with trailers",
    next: "the same connection",
    upstream: (at) =>
      at.write(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nDigest: x\r\nServer-Timing: y\r\n\r\n",
      ),
  },
  {
    what: "a chunked answer whose trailers are cut into pieces",
    next: "the same connection",
    upstream: async (at) => {
      for (const part of [
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r",
        "\nDigest: x\r\n\r",
        "\n",
      ]) {
        at.write(part);
        await turns();
      }
    },
  },
  {
    what: "a chunked answer with bytes behind its end",
    next: "a new connection",
    upstream: (at) => at.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n0\r\n\r\n"),
  },
  {
    what: "an answer that is longer than its Content-Length",
    next: "a new connection",
    upstream: (at) => at.write(`${ok}${ok}`),
  },
  {
    what: "an answer that ends with the connection",
    next: "a new connection",
    upstream: (at) => at.end("HTTP/1.1 200 OK\r\n\r\nok"),
  },
  {
    what: "an answer of HTTP/1.0 that keeps the connection",
    next: "the same connection",
    upstream: (at) => at.write("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok"),
  },
  {
    what: "an answer with Connection: close among other words, in another line",
    next: "a new connection",
    upstream: (at) =>
      at.write("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nconnection: Foo , CLOSE\r\nContent-Length: 2\r\n\r\nok"),
  },
];

test.each(rows.map((row) => ({ ...row, toString: () => row.what })))(
  "UPS-13: after $what, the next request goes out on $next",
  async ({ next, request = {}, client, upstream: act, sends }) => {
    const upstream = await scripted((at) => {
      if (at.head.startsWith("GET /next ")) at.write(ok);
      else return act(at);
    });
    const pool = poolWith();
    const odd = exchangeOf(pool, upstream.hostAndPort, { target: "/odd", ...request }, client);
    await sends?.(odd.handle, odd.client, async () => void (await waitUntil(() => upstream.exchanges.length === 1)));
    await waitUntil(() => pool.count().inUse === 0);

    const answer = await answerThrough(pool, upstream.hostAndPort, { target: "/next" });

    expect(answer).toEndWith("ok[end]");
    expect(upstream.exchanges.map(({ head }) => head.split(" ")[1])).toEqual(["/odd", "/next"]);
    expect(upstream.exchanges.at(-1)?.connection).toBe(next === "the same connection" ? 1 : 2);
  },
);

/** What each connection has received after the odd request, as bytes. */
async function bytesAfterRetry(
  request: Partial<UpstreamRequest>,
  client: Partial<ClientSide>,
  sends: NonNullable<Row["sends"]>,
): Promise<{ readonly seen: string; readonly answer: string; readonly next: string }> {
  const seen: string[] = [];
  const upstream = await scripted((at) => {
    if (at.connection === 1 && at.head.startsWith("GET /first ")) at.write(ok);
    else if (at.connection === 1) at.reset();
    else {
      seen.push(at.head.split(" ")[1] ?? "");
      at.write(ok);
    }
  });
  const pool = poolWith();
  await answerThrough(pool, upstream.hostAndPort, { target: "/first" });
  const odd = exchangeOf(pool, upstream.hostAndPort, { target: "/odd", ...request }, client);
  await sends(odd.handle, odd.client, async () => void (await waitUntil(() => upstream.exchanges.length >= 3)));
  const answer = await odd.client.over;
  const next = await answerThrough(pool, upstream.hostAndPort, { target: "/next" });
  return { seen: seen.join(" "), answer, next };
}

test.each(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])(
  "UPS-10: a %s with an empty chunked body is sent again with its last chunk, so the next request is not read as a chunk",
  async (method) => {
    const { seen, answer, next } = await bytesAfterRetry({ method }, { ...chunked, method }, body());

    expect(answer).toContain("200 OK");
    expect(next).toEndWith("ok[end]");
    expect(seen).toBe("/odd /next");
  },
);

test("UPS-10: an empty chunked body that ends after the retry has one last chunk", async () => {
  const { seen, answer, next } = await bytesAfterRetry({ method: "PUT" }, chunked, async (handle, _, arrived) => {
    await arrived();
    handle.bodyEnd();
  });

  expect(answer).toContain("200 OK");
  expect(next).toEndWith("ok[end]");
  expect(seen).toBe("/odd /next");
});

test.each(["GET", "PUT", "DELETE"])("UPS-10: a %s whose chunked body has begun is not sent again", async (method) => {
  const { seen, answer, next } = await bytesAfterRetry({ method }, chunked, body("hello"));

  expect(answer).toContain("502 upstream_unreachable");
  expect(next).toEndWith("ok[end]");
  expect(seen).toBe("/next");
});
