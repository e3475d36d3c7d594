import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect, createServer } from "node:tls";
import { makeSelfSigned } from "../../src/tls/self-signed.ts";
import { sendRaw } from "../fakes/raw-client.ts";
import {
  type RawUpstream,
  type RecordingUpstream,
  startRawUpstream,
  startRecordingUpstream,
} from "../fakes/upstream.ts";
import { turns } from "../fakes/waits.ts";

/** What Bun does that our own code relies on or makes good: a Bun that does otherwise must be looked at, not just taken. */
interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
}
let seen: Seen[] = [];
let server: Bun.Server<undefined>;
let recorder: RecordingUpstream;

beforeAll(async () => {
  server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    development: false,
    maxRequestBodySize: 1000,
    fetch(request) {
      seen.push({ method: request.method, url: request.url, headers: [...request.headers] });
      return new Response("ok");
    },
  });
  recorder = await startRecordingUpstream(({ target }) =>
    target === "/redirect" ? { status: 302, headers: [["Location", `${recorder.origin}/next`]] } : {},
  );
});
afterAll(async () => {
  await server.stop(true);
  await recorder.stop();
});

/** What the handler was given, and the statuses of the answers. */
async function served(bytes: string | readonly string[], millisecondsToWait = 700) {
  seen = [];
  const { answers, closed } = await sendRaw(server.port ?? 0, bytes, { millisecondsToWait });
  return { statuses: answers.map(({ status }) => status), closed, seen };
}

const get = (target: string, headers = "") => `GET ${target} HTTP/1.1\r\nHost: app.test\r\n${headers}\r\n`;
const post = (headers: string, body: string) => `POST /x HTTP/1.1\r\nHost: app.test\r\n${headers}\r\n${body}`;

describe("the server", () => {
  test.each([
    ["/a/../b", "/b"],
    ["/a/%2e%2e/b", "/b"],
    ["/a/.%2E/b", "/b"],
    ["/a\\b", "/a/b"],
    ["//a//b", "//a//b"],
    ["/a%2fb%5cc%00d", "/a%2fb%5cc%00d"],
    ["/a;b/..;/c", "/a;b/..;/c"],
    ["/%252e%252e", "/%252e%252e"],
    ["/%zz", "/%zz"],
    ["/\u00c3\u00a9", "/%C3%A9"],
    ["/\u00ff", "/%EF%BF%BD"],
    ["/a?b=/../c", "/a?b=/../c"],
    ["http://evil.test/x", "/x"],
  ])("B1, B5: gives the target %j as %j, and the authority is Host's", async (target, path) => {
    const { seen: requests } = await served(get(target));

    expect(requests.map(({ url }) => url)).toEqual([`http://app.test${path}`]);
  });

  test("B3: leaves a # in the URL", async () => {
    expect((await served(get("/a#frag"))).seen.map(({ url }) => url)).toEqual(["http://app.test/a#frag"]);
  });

  test.each([["a@evil"], ["a b"], ["h/path?"], [""], ["h#"]])(
    "B4: with Host %j the URL is not absolute",
    async (host) => {
      const { seen: requests } = await served(`GET /a/../b HTTP/1.1\r\nHost: ${host}\r\n\r\n`);

      expect(requests).toHaveLength(1);
      expect(URL.canParse(requests[0]?.url ?? "")).toBe(false);
    },
  );

  test("B4, B6: joins repeated fields by a comma, cookies by a semicolon, and takes underscores and dots in names", async () => {
    const { seen: requests } = await served(
      get(
        "/",
        "X-A: 1\r\nx-a: 2\r\nCookie: a=1\r\nCookie: b=2\r\nX_Under: 1\r\nX.Dot: 1\r\nX~$: 1\r\nAuthorization: a\r\nAuthorization: b\r\n",
      ),
    );

    const headers = Object.fromEntries(requests[0]?.headers ?? []);
    expect(headers).toEqual({
      host: "app.test",
      "x-a": "1, 2",
      cookie: "a=1; b=2",
      x_under: "1",
      "x.dot": "1",
      "x~$": "1",
      authorization: "a, b",
    });
  });

  test("B11: gives TRACE and CONNECT to the handler, and no answer to methods that it does not know", async () => {
    const trace = await served("TRACE /x HTTP/1.1\r\nHost: app.test\r\n\r\n");
    const connect = await served("CONNECT a:443 HTTP/1.1\r\nHost: app.test\r\n\r\n");
    const unknown = await served("FOO /x HTTP/1.1\r\nHost: app.test\r\n\r\n");
    const lower = await served("get /x HTTP/1.1\r\nHost: app.test\r\n\r\n");

    expect([trace, connect, unknown, lower].map((each) => each.seen.map(({ method }) => method))).toEqual([
      ["TRACE"],
      ["CONNECT"],
      [],
      [],
    ]);
    expect([unknown, lower].map(({ statuses, closed }) => [statuses, closed])).toEqual([
      [[], true],
      [[], true],
    ]);
  });

  test.each([
    ["Content-Length and Transfer-Encoding", post("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")],
    ["two lengths", post("Content-Length: 4\r\nContent-Length: 5\r\n", "abcd")],
    ["+5", post("Content-Length: +5\r\n", "abcde")],
    ["xchunked", post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n")],
    ["chunked twice", post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n")],
    ["obs-fold", post("X: a\r\n b\r\nContent-Length: 0\r\n", "")],
    ["a space before the colon", post("X : a\r\nContent-Length: 0\r\n", "")],
    ["NUL", post("X: a\0\r\nContent-Length: 0\r\n", "")],
    ["a bare LF", post("X: a\nContent-Length: 0\r\n", "")],
    ["an empty name", post(": a\r\nContent-Length: 0\r\n", "")],
    ["no Host", "GET / HTTP/1.1\r\n\r\n"],
  ])("B12: refuses %s before the handler", async (_what, bytes) => {
    const { statuses, seen: requests } = await served(bytes);

    expect(statuses).toEqual([400]);
    expect(requests).toEqual([]);
  });

  test("two equal Content-Length lines pass, joined: ours to refuse", async () => {
    const { seen: requests } = await served(post("Content-Length: 4\r\nContent-Length: 4\r\n", "abcd"));

    expect(Object.fromEntries(requests[0]?.headers ?? [])["content-length"]).toBe("4, 4");
  });

  test("B13: the handler runs before the body has come", async () => {
    const { seen: requests } = await served([post("Transfer-Encoding: chunked\r\n", ""), "5;a\nhello\r\n"]);

    expect(requests).toHaveLength(1);
  });

  test("B14: more than 200 fields are 431, a body over its limit is 413", async () => {
    const fields = Array.from({ length: 250 }, (_, index) => `X-${index}: 1\r\n`).join("");

    expect((await served(get("/", fields))).statuses).toEqual([431]);
    expect((await served(post("Content-Length: 2000\r\n", "a".repeat(2000)))).statuses).toEqual([413]);
  });

  test("a request that comes while another is unanswered closes the connection: no verdict is shared", async () => {
    const slow = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: () => turns(20).then(() => new Response("ok")),
    });
    const { answers, closed } = await sendRaw(slow.port ?? 0, get("/1") + get("/2"), {
      answers: 2,
      millisecondsToWait: 700,
    });
    await slow.stop(true);

    expect([answers.length, closed]).toEqual([0, true]);
  });
});

describe("fetch", () => {
  const head = async (path: string, init: BunFetchRequestInit = {}) => {
    const before = recorder.requests.length;
    const response = await fetch(`${recorder.origin}${path}`, init);
    return { response, requests: recorder.requests.slice(before) };
  };

  test.each([
    ["//x/y", "/x/y"],
    ["///a", "/a"],
    ["/a//b", "/a//b"],
    ["/a#b", "/a"],
    ["/a%2fb%5c%00;..;", "/a%2fb%5c%00;..;"],
  ])("B2, B3: writes %j as %j", async (path, target) => {
    expect((await head(path)).requests.map((request) => request.target)).toEqual([target]);
  });

  test("B7: sends hop-by-hop fields on", async () => {
    const { requests } = await head("/x", {
      headers: { "Proxy-Authorization": "Basic x", TE: "trailers", Upgrade: "h2c", "Keep-Alive": "x" },
    });

    const names = requests[0]?.headers.map(([name]) => name.toLowerCase()) ?? [];
    expect(
      names.filter((name) => ["proxy-authorization", "te", "upgrade", "keep-alive"].includes(name)).sort(),
    ).toEqual(["keep-alive", "proxy-authorization", "te", "upgrade"]);
  });

  test("B8: follows redirects and takes cookies and identity along, unless told not to", async () => {
    const followed = await head("/redirect", { headers: { Cookie: "a=1", "X-authentik-username": "alice" } });
    const manual = await head("/redirect", { redirect: "manual" });

    expect(
      followed.requests.map(({ target, headers }) => [
        target,
        headers.some(([name]) => name.toLowerCase() === "cookie"),
      ]),
    ).toEqual([
      ["/redirect", true],
      ["/next", true],
    ]);
    expect([manual.response.status, manual.requests.length]).toEqual([302, 1]);
  });

  test.each([["\u5c71"], ["a\r\nb"], ["a\u0000b"]])("B10: refuses the header value %j by throwing", (value) => {
    expect(() => new Headers([["X-A", value]])).toThrow(TypeError);
  });

  test("B10: writes a Latin-1 value as the bytes of it", async () => {
    const { requests } = await head("/x", { headers: { "X-A": "\u00c3\u00a9" } });

    expect(requests[0]?.headers.find(([name]) => name.toLowerCase() === "x-a")?.[1]).toBe("\u00c3\u00a9");
  });

  describe("of what an upstream answers", () => {
    let raw: RawUpstream;
    const body = Bun.gzipSync(Buffer.alloc(100_000));
    const compressed = `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`;
    const answers: Readonly<Record<string, string>> = {
      "/both": "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
      "/two": "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi",
      "/short": "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhi",
      "/101": "HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
      "/gzip": compressed,
    };
    beforeAll(async () => {
      raw = await startRawUpstream((exchange) => {
        const target = exchange.head.split(" ")[1] ?? "";
        exchange.write(answers[target] ?? "");
        if (target === "/gzip") exchange.write(body);
        if (target === "/short") exchange.end();
      });
    });
    afterAll(() => raw.stop());

    test("B9: it inflates, and leaves the bytes alone with decompress: false", async () => {
      const inflated = await (await fetch(`${raw.origin}/gzip`)).bytes();
      const untouched = await (await fetch(`${raw.origin}/gzip`, { decompress: false })).bytes();

      expect(inflated.length).toBe(100_000);
      expect(untouched.length).toBe(body.length);
    });

    test("B15: both framing fields are shown, the chunks count", async () => {
      const response = await fetch(`${raw.origin}/both`);

      expect(await response.text()).toBe("hi");
      expect([response.headers.get("content-length"), response.headers.get("transfer-encoding")]).toEqual([
        "9",
        "chunked",
      ]);
    });

    test("B15: two lengths, a short body and an unrequested 101 throw", async () => {
      const reads = ["/two", "/short", "/101"].map((path) =>
        fetch(`${raw.origin}${path}`).then((response) => response.bytes()),
      );

      expect((await Promise.allSettled(reads)).map(({ status }) => status)).toEqual([
        "rejected",
        "rejected",
        "rejected",
      ]);
    });
  });

  test("B16: the certificate must be the URL's, whatever Host says", async () => {
    const tls = makeSelfSigned({ names: ["example.test"], days: 1, now: Math.floor(Date.now() / 1000) });
    const secure = await startRawUpstream(
      (exchange) => exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
      { tls },
    );
    const ask = (more: object) =>
      fetch(secure.origin, { headers: { Host: "example.test" }, tls: { ca: tls.certificatePem, ...more } }).then(
        ({ status }) => status,
        () => 0,
      );

    expect([await ask({}), await ask({ serverName: "example.test" })]).toEqual([0, 200]);
    await secure.stop();
  });

  test("B17: sends a GET again on a pooled connection that was dropped, a POST never", async () => {
    let drops = 0;
    const flaky = await startRawUpstream((exchange) => {
      if (exchange.head.startsWith("GET /first")) exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      else {
        drops += 1;
        exchange.reset();
      }
    });
    const dropped = async (method: string) => {
      await (await fetch(`${flaky.origin}/first`)).text();
      drops = 0;
      await fetch(`${flaky.origin}/x`, { method }).then(
        () => undefined,
        () => undefined,
      );
      return drops;
    };

    expect(await dropped("GET")).toBeGreaterThan(1);
    expect(await dropped("POST")).toBe(1);
    await flaky.stop();
  });
});

describe("the language", () => {
  test("B18: JavaScript's patterns are not Go's", () => {
    const compiled = (pattern: string) => new RegExp(pattern);

    expect(() => compiled("(?i)^/x")).toThrow(SyntaxError);
    expect(compiled("^/a\\z").test("/az")).toBe(true);
    expect(compiled("^[[:alpha:]]+$").test("abc")).toBe(false);
  });

  test.each([
    ["/\\evil.test", "evil.test"],
    ["//evil.test", "evil.test"],
    ["/\t/evil.test", "evil.test"],
    ["\\\\evil.test", "evil.test"],
    ["///evil.test", "evil.test"],
    ["https://good.test%2eevil.test/", "good.test.evil.test"],
    ["https://good.test\u3002evil.test/", "good.test.evil.test"],
    ["https://127.1/", "127.0.0.1"],
    ["https://0x7f.1/", "127.0.0.1"],
    ["https://2130706433/", "127.0.0.1"],
  ])("B19: %j is a URL at %s", (rd, hostname) => {
    expect(new URL(rd, "https://app.test").hostname).toBe(hostname);
  });
});

test("B20: a node:tls server listens by one of Bun's own listeners, which takes other handlers, before the handshake", async () => {
  const { certificatePem, keyPem } = makeSelfSigned({ names: ["a.test"], days: 1, now: Math.floor(Date.now() / 1000) });
  const told: unknown[] = [];
  const secure = createServer({ cert: certificatePem, key: keyPem }, () => told.push("secureConnection"));
  secure.on("connection", () => told.push("connection"));
  await new Promise<void>((listening) => secure.listen(0, "127.0.0.1", listening));
  const address = secure.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;

  // the field has no type
  const { _handle: listener } = secure as typeof secure & { readonly _handle: Bun.SocketListener };
  listener.reload({
    socket: {
      open: (socket) => void told.push("open", socket.getServername()),
      handshake(socket, isDone) {
        told.push("handshake", isDone, socket.getServername());
        socket.write("ours");
      },
      data: (socket, bytes) => {
        told.push(bytes.toString());
        socket.end();
      },
    },
  });
  const client = connect({ port, host: "127.0.0.1", servername: "A.test", rejectUnauthorized: false });
  client.write("theirs");
  let received = "";
  for await (const bytes of client) received += bytes;
  secure.close();

  expect(told).toEqual(["open", undefined, "handshake", true, "A.test", "theirs"]);
  expect(received).toBe("ours");
});
