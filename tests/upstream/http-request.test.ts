import { afterEach, expect, test } from "bun:test";
import { allValues } from "../../src/core/header-lines.ts";
import { fetchUpstream } from "../../src/upstream/http-client.ts";
import { headerLinesOf, type RawUpstream, startRawUpstream } from "../fakes/upstream.ts";
import { noAbort, requestTo, streamOf, textOf, upstreamAt } from "./request-to.ts";

const send = fetchUpstream();
const started: RawUpstream[] = [];

async function okUpstream(): Promise<RawUpstream> {
  const upstream = await startRawUpstream(async (exchange) => {
    await exchange.body();
    exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  started.push(upstream);
  return upstream;
}

afterEach(async () => {
  for (const upstream of started.splice(0)) await upstream.stop();
});

test("the request line, Host and header lines reach the upstream as given, and nothing of ours but Connection, Accept and an empty User-Agent", async () => {
  const upstream = await okUpstream();

  const headers = [
    ["Host", "app.test"],
    ["X-Case-Kept", "1"],
    ["Cookie", "a=1; b=2"],
  ] as const;
  await send(requestTo(upstream.hostAndPort, { target: "/a%2Fb//c;d?x=%zz&y", headers }), null, noAbort());

  const [line, ...lines] = upstream.exchanges[0]?.head.split("\r\n") ?? [];
  expect(line).toBe("GET /a%2Fb//c;d?x=%zz&y HTTP/1.1");
  expect(lines.toSorted()).toEqual([
    "Accept: */*",
    "Connection: keep-alive",
    "Cookie: a=1; b=2",
    "Host: app.test",
    "User-Agent: ",
    "X-Case-Kept: 1",
  ]);
});

test("the client's own User-Agent, Accept and Accept-Encoding are sent on", async () => {
  const upstream = await okUpstream();

  const headers = [
    ["User-Agent", "curl/8"],
    ["Accept", "text/html"],
    ["Accept-Encoding", "br"],
  ] as const;
  await send(requestTo(upstream.hostAndPort, { headers }), null, noAbort());

  const lines = headerLinesOf(upstream.exchanges[0]?.head ?? "");
  expect(allValues(lines, "user-agent")).toEqual(["curl/8"]);
  expect(allValues(lines, "accept")).toEqual(["text/html"]);
  expect(allValues(lines, "accept-encoding")).toEqual(["br"]);
});

test("HDR-09: a header value is sent byte for byte, one byte a UTF-16 unit", async () => {
  const upstream = await okUpstream();
  const everyByte = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte))
    .filter((character) => !["\0", "\n", "\r"].includes(character))
    .join("");
  const value = `<${everyByte}>`;

  await send(requestTo(upstream.hostAndPort, { headers: [["X-Bytes", value]] }), null, noAbort());

  expect(allValues(headerLinesOf(upstream.exchanges[0]?.head ?? ""), "x-bytes")).toEqual([value]);
});

test("a header value that is no byte string is refused, not sent and not shown", async () => {
  const upstream = await okUpstream();

  const sending = send(requestTo(upstream.hostAndPort, { headers: [["X-Name", "\u9053 secret"]] }), null, noAbort());

  expect(await sending.catch((error) => [error.code, error.message])).toEqual([
    "upstream_not_carried",
    'upstream: header "X-Name" has a value that can\'t be sent',
  ]);
  expect(upstream.exchanges.length).toBe(0);
});

test("a streamed body with a Content-Length is sent with that length, without one it is chunked", async () => {
  const upstream = await okUpstream();
  const post = { method: "POST", headers: [["Content-Length", "6"]] } as const;

  await send(requestTo(upstream.hostAndPort, post), streamOf("abc", "def"), noAbort());
  await send(requestTo(upstream.hostAndPort, { method: "POST", headers: [] }), streamOf("abc", "def"), noAbort());

  const [sized, chunked] = upstream.exchanges;
  expect(sized?.head).toContain("\r\nContent-Length: 6");
  expect(sized?.head).not.toContain("Transfer-Encoding");
  expect(await sized?.body()).toBe("abcdef");
  expect(chunked?.head).toContain("\r\nTransfer-Encoding: chunked");
  expect(chunked?.head).not.toContain("Content-Length");
  expect(await chunked?.body()).toBe("abcdef");
});

test("a body shorter or longer than its Content-Length is the client's fault: 400, and the upstream's connection is not used again", async () => {
  const upstream = await okUpstream();
  const post = { method: "POST", headers: [["Content-Length", "5"]] } as const;

  const short = await send(requestTo(upstream.hostAndPort, post), streamOf("abc"), noAbort()).catch((e) => e.code);
  const long = await send(requestTo(upstream.hostAndPort, post), streamOf("abcdef"), noAbort()).catch((e) => e.code);
  await send(requestTo(upstream.hostAndPort), null, noAbort());

  expect([short, long]).toEqual(["bad_request", "bad_request"]);
  expect(upstream.exchanges.at(-1)?.connection).toBe(3);
});

test("a DELETE without a body and an extension method are sent as they are", async () => {
  const upstream = await okUpstream();

  await send(requestTo(upstream.hostAndPort, { method: "DELETE" }), null, noAbort());
  await send(requestTo(upstream.hostAndPort, { method: "PROPFIND" }), null, noAbort());

  expect(upstream.exchanges.map(({ head }) => head.split("\r\n")[0])).toEqual([
    "DELETE /a HTTP/1.1",
    "PROPFIND /a HTTP/1.1",
  ]);
});

test.each([
  ["a body on GET", { method: "GET" }, "x"],
  ["a body on HEAD", { method: "HEAD" }, "x"],
  ["a GET whose body Bun's server has dropped", { method: "GET", headers: [["content-length", "3"]] }, null],
  ["a method fetch would turn into GET", { method: "BREW" }, null],
  ["a lower-case method", { method: "get" }, null],
  ["PATH-05: a target that begins with two slashes", { target: "//a/b" }, null],
  ["PATH-01: a dot segment", { target: "/a/../b" }, null],
  ["PATH-01: an encoded dot segment", { target: "/a/%2e%2e/b" }, null],
  ["PATH-01: a backslash", { target: "/a\\b" }, null],
  ["PATH-08: a fragment", { target: "/a#b" }, null],
  ["a character fetch would encode", { target: '/a"b' }, null],
] as const)("%s is not carried rather than changed", async (_, different, body) => {
  const upstream = await okUpstream();

  const sending = send(requestTo(upstream.hostAndPort, different), body === null ? null : streamOf(body), noAbort());

  expect(await sending.catch((error) => error.code)).toBe("upstream_not_carried");
  expect(upstream.exchanges.length).toBe(0);
});

test("a target with a bad escape, an empty query or a raw bracket is carried", async () => {
  const upstream = await okUpstream();

  for (const target of ["/%zz", "/a?", "/a[1]?q={}|`", "/?"]) {
    await send(requestTo(upstream.hostAndPort, { target }), null, noAbort());
  }

  expect(upstream.exchanges.map(({ head }) => head.split(" ")[1])).toEqual(["/%zz", "/a?", "/a[1]?q={}|`", "/?"]);
});

test("a unix socket is spoken to, with the Host as given", async () => {
  const unixPath = `${process.env["TMPDIR"] ?? "/tmp"}/akproxy-test-${process.pid}.sock`;
  const upstream = await startRawUpstream(
    (exchange) => exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    {
      unixPath,
    },
  );
  started.push(upstream);

  const answer = await send(requestTo("", { upstream: upstreamAt("", { unixPath }) }), null, noAbort());

  expect(await textOf(answer.body)).toBe("ok");
  expect(upstream.exchanges[0]?.head).toContain("\r\nHost: app.test");
});

test("UPS-10: a GET on a pooled connection that the upstream closed is sent once more, a POST is not", async () => {
  const upstream = await startRawUpstream(async (exchange) => {
    await exchange.body();
    if (exchange.head.includes(" /drop ")) exchange.reset();
    else exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  started.push(upstream);
  await textOf((await send(requestTo(upstream.hostAndPort), null, noAbort())).body);

  const post = requestTo(upstream.hostAndPort, { method: "POST", target: "/drop", headers: [["Content-Length", "1"]] });
  const posted = await send(post, streamOf("x"), noAbort()).catch((error) => error.code);
  await textOf((await send(requestTo(upstream.hostAndPort), null, noAbort())).body);
  const got = await send(requestTo(upstream.hostAndPort, { target: "/drop" }), null, noAbort()).catch((e) => e.code);

  const seen = upstream.exchanges.map(({ head }) => head.split(" HTTP")[0]);
  expect(posted).toBe("upstream_unreachable");
  expect(seen.filter((line) => line === "POST /drop").length).toBe(1);
  expect(got).toBe("upstream_unreachable");
  expect(seen.filter((line) => line === "GET /drop").length).toBe(2);
});

test("a GET on a connection that the upstream closed while it was idle is answered", async () => {
  const upstream = await startRawUpstream((exchange) => {
    if (upstream.exchanges.length === 2) exchange.reset();
    else exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  started.push(upstream);
  await textOf((await send(requestTo(upstream.hostAndPort), null, noAbort())).body);

  const answer = await send(requestTo(upstream.hostAndPort), null, noAbort());

  expect(answer.status).toBe(200);
  expect(upstream.exchanges.map(({ connection }) => connection)).toEqual([1, 1, 2]);
});

test("UPS-10: a PUT whose streamed body was begun is not sent twice", async () => {
  const upstream = await startRawUpstream(async (exchange) => {
    await exchange.body();
    if (exchange.head.startsWith("PUT")) exchange.reset();
    else exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  started.push(upstream);
  await textOf((await send(requestTo(upstream.hostAndPort), null, noAbort())).body);

  const put = requestTo(upstream.hostAndPort, { method: "PUT", headers: [["Content-Length", "1"]] });
  const sent = await send(put, streamOf("x"), noAbort()).catch((error) => error.code);

  expect(sent).toBe("upstream_unreachable");
  expect(upstream.exchanges.filter(({ head }) => head.startsWith("PUT")).length).toBe(1);
});
