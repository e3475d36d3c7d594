import { afterEach, expect, test } from "bun:test";
import { type RawUpstream, scriptedUpstreams } from "../../fakes/upstream.ts";
import { answerThrough, fedPool, poolWith } from "./fakes.ts";

const { scripted, stopAll } = scriptedUpstreams();
afterEach(stopAll);

interface Row {
  readonly fact: string;
  readonly sent: string; //                        by the upstream
  readonly closes?: true; //                        it closes after that
  readonly method?: string;
  readonly version?: "1.0";
  readonly expects?: true; //                      100-continue
  readonly given: string; //                       to the client
}

const rows: readonly Row[] = [
  {
    fact: "RFC 9110 15: status, reason phrase, order, case and duplicates stay, Content-Length too",
    sent: 'HTTP/1.1 299 Hm: \xe9\r\nb: 2\r\nA: 1\r\nWWW-Authenticate: Basic\r\nwww-authenticate: Digest\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nContent-LENGTH: 3\r\nETag: "\xff"\r\n\r\nabc',
    given:
      '[framed]299 Hm: \xe9\r\nb: 2\r\nA: 1\r\nWWW-Authenticate: Basic\r\nwww-authenticate: Digest\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nContent-LENGTH: 3\r\nETag: "\xff"\r\n\r\nabc[end]',
  },
  {
    fact: "RFC 9112 4: an empty reason phrase stays empty, and nothing is added for a missing Content-Type",
    sent: "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n",
    given: "[none]200 \r\nContent-Length: 0\r\n\r\n[end]",
  },
  {
    fact: "RFC 9110 15: an undefined status is forwarded",
    sent: "HTTP/1.1 999 Blocked\r\nContent-Length: 0\r\n\r\n",
    given: "[none]999 Blocked\r\nContent-Length: 0\r\n\r\n[end]",
  },
  {
    fact: "RFC 9110 9.3.2: HEAD gets the length of its GET and no body",
    method: "HEAD",
    sent: "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
    given: "[none]200 OK\r\nContent-Length: 1000\r\n\r\n[end]",
  },
  {
    fact: "RFC 9112 6.1: Transfer-Encoding of an answer to HEAD belongs to the hop",
    method: "HEAD",
    sent: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n",
    given: "[none]200 OK\r\nA: b\r\n\r\n[end]",
  },
  {
    fact: "RFC 9110 15.4.5: 304 keeps its Content-Length and has no body",
    sent: "HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\nETag: x\r\n\r\n",
    given: "[none]304 Not Modified\r\nContent-Length: 1000\r\nETag: x\r\n\r\n[end]",
  },
  {
    fact: "RFC 9110 8.6: 204 has no Content-Length",
    sent: "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\nA: b\r\n\r\n",
    given: "[none]204 No Content\r\nA: b\r\n\r\n[end]",
  },
  {
    fact: "RFC 9112 7.1: a chunked body is forwarded unchanged, including extensions",
    sent: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n00002\r\nde\r\n0;last\r\n\r\n",
    given: "[framed]200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n00002\r\nde\r\n0;last\r\n\r\n[end]",
  },
  {
    fact: "RFC 9110 6.5.1: trailers are forwarded, except those that belong into a head and those that akproxy itself sets",
    sent: "HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\nSet-Cookie: a=b\r\nX-Authentik-Username: root\r\n\r\n",
    given: "[framed]200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n[end]",
  },
  {
    fact: "RFC 9112 7: HTTP/1.0 gets the data without chunks, until the close",
    version: "1.0",
    sent: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 1\r\n\r\n",
    given: "[until_close]200 OK\r\n\r\nabcde[end]",
  },
  {
    fact: "RFC 9112 6.3: a body that ends with the connection is forwarded chunked",
    sent: "HTTP/1.1 200 OK\r\nA: b\r\n\r\nabc",
    closes: true,
    given: "[framed]200 OK\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n[end]",
  },
  {
    fact: "RFC 9112 6.3: to HTTP/1.0 it ends with the connection again",
    version: "1.0",
    sent: "HTTP/1.0 200 OK\r\nA: b\r\n\r\nabc",
    closes: true,
    given: "[until_close]200 OK\r\nA: b\r\n\r\nabc[end]",
  },
  {
    fact: "HTTP/1.0 upstreams keep their length",
    sent: "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc",
    given: "[framed]200 OK\r\nContent-Length: 3\r\n\r\nabc[end]",
  },
  {
    fact: "UPS-13, RFC 9110 7.6.1: hop-by-hop fields, fields named by Connection and akproxy's own fields are not forwarded",
    sent: "HTTP/1.1 200 OK\r\nConnection: X-Hop, close\r\nx-hop: 1\r\nKeep-Alive: timeout=5\r\nProxy-Authenticate: Basic\r\nUpgrade: h2c\r\nX-Authentik-Username: root\r\nContent-Length: 0\r\nX-Kept: 1\r\n\r\n",
    given: "[none]200 OK\r\nContent-Length: 0\r\nX-Kept: 1\r\n\r\n[end]",
  },
  {
    fact: "RFC 9110 15.2.1: a 100 that the client waits for is forwarded",
    expects: true,
    sent: "HTTP/1.1 100 Continue\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    given: "[interim]100 Continue\r\nA: b\r\n\r\n[none]200 OK\r\nContent-Length: 0\r\n\r\n[end]",
  },
  {
    fact: "RFC 9110 15.2: a 100 that the client does not wait for is forwarded too",
    sent: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    given: "[interim]100 Continue\r\n\r\n[none]200 OK\r\nContent-Length: 0\r\n\r\n[end]",
  },
  {
    fact: "RFC 8297: each 103 is forwarded, without its hop-by-hop fields",
    sent: "HTTP/1.1 103 Early Hints\r\nLink: a\r\nConnection: close\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
    given:
      "[interim]103 Early Hints\r\nLink: a\r\n\r\n[interim]103 Early Hints\r\nLink: b\r\n\r\n[framed]200 OK\r\nContent-Length: 1\r\n\r\na[end]",
  },
  {
    fact: "RFC 9110 15.2: HTTP/1.0 gets no interim response",
    version: "1.0",
    sent: "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
    given: "[framed]200 OK\r\nContent-Length: 1\r\n\r\na[end]",
  },
];

function given(row: Row, upstream: RawUpstream): Promise<string> {
  const { method = "GET", version = "1.1", expects = false } = row;
  return answerThrough(poolWith(), upstream.hostAndPort, { method }, { version, expectsContinue: expects });
}

test.each(rows.map((row) => [row.fact, row] as const))("%s", async (_, row) => {
  const upstream = await scripted((exchange) => (row.closes ? exchange.end(row.sent) : exchange.write(row.sent)));

  expect(await given(row, upstream)).toBe(row.given);
});

const inPieces = rows.filter(({ closes }) => closes !== true);

test.each(inPieces.map((row) => [row.fact, row] as const))("a byte at a time: %s", async (_, row) => {
  const { method = "GET", version = "1.1", expects = false } = row;
  const { pool, feed } = fedPool();
  const answer = answerThrough(pool, "upstream.test", { method }, { version, expectsContinue: expects });

  for (const byte of row.sent) feed(byte);

  expect(await answer).toBe(row.given);
});

test("60 KiB of one header field are forwarded, and 1000 fields", async () => {
  const many = Array.from({ length: 1000 }, (_, index) => `X-${index}: a\r\n`).join("");
  const long = `X-Long: ${"a".repeat(60 * 1024)}\r\n`;
  const upstream = await scripted((exchange) =>
    exchange.write(`HTTP/1.1 200 OK\r\n${many}${long}Content-Length: 0\r\n\r\n`),
  );

  const answer = await answerThrough(poolWith(), upstream.hostAndPort);

  expect(answer).toBe(`[none]200 OK\r\n${many}${long}Content-Length: 0\r\n\r\n[end]`);
});

test("UPS-08: a redirect is forwarded to the client, not followed", async () => {
  const upstream = await scripted((exchange) =>
    exchange.write("HTTP/1.1 302 Found\r\nLocation: http://other.test/\r\nContent-Length: 0\r\n\r\n"),
  );

  const answer = await answerThrough(poolWith(), upstream.hostAndPort);

  expect(answer).toBe("[none]302 Found\r\nLocation: http://other.test/\r\nContent-Length: 0\r\n\r\n[end]");
  expect(upstream.exchanges.length).toBe(1);
});

test("UPS-15: a compressed body is forwarded unchanged", async () => {
  const bomb = Buffer.from(Bun.gzipSync(Buffer.alloc(5_000_000))).toString("latin1");
  const head = `Content-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n`;
  const upstream = await scripted((exchange) => exchange.write(`HTTP/1.1 200 OK\r\n${head}\r\n${bomb}`));

  const answer = await answerThrough(poolWith(), upstream.hostAndPort);

  expect(answer).toBe(`[framed]200 OK\r\n${head}\r\n${bomb}[end]`);
});
