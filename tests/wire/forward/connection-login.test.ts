import { afterEach, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HeaderLines } from "../../../src/core/http/header-lines.ts";
import type { Upstream } from "../../../src/core/provider.ts";
import type { Reply, WireRequest } from "../../../src/ports/wire.ts";
import { makeSelfSigned } from "../../../src/tls/self-signed.ts";
import { type HttpListener, listenHttp } from "../../../src/wire/client/listener.ts";
import { defaultPoolOptions, Pool, type PoolOptions } from "../../../src/wire/upstream/pool.ts";
import { type RawExchange, type RawUpstream, scriptedUpstreams } from "../../fakes/upstream.ts";
import { turns, waitUntil } from "../../fakes/waits.ts";
import { ample, roomFor } from "../client/connection-rooms.ts";
import { forwardingTo, upstreamAt } from "./fakes.ts";

const { scripted, stopAll } = scriptedUpstreams();
const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
  await stopAll();
});

/** What a request's X-Owner says is the owner; "nobody": requests of several users that cannot be told apart. */
function ownerOf(headers: HeaderLines): string | null {
  const owner = headers.find(([name]) => name === "X-Owner")?.[1] ?? "";
  return owner === "nobody" ? null : owner;
}

/** A listener that forwards every request as it is to `upstream`. */
function proxyTo(upstream: Upstream | ((target: string) => Upstream), pool: Pool): HttpListener {
  const handler = ({ method, target, headers }: WireRequest): Reply => {
    const chosen = typeof upstream === "function" ? upstream(target) : upstream;
    const sent = headers.filter(([name]) => name !== "Connection" && name !== "Upgrade");
    const forwarding = {
      ...forwardingTo(chosen, { method, target, headers: sent }),
      connectionOwner: () => ownerOf(headers),
    };
    const isWebSocket = headers.some(([name]) => name === "Upgrade");
    if (isWebSocket) return { kind: "tunnel", forwarding, life: { opened: () => undefined, closed: () => undefined } };
    return { kind: "forward", forwarding, life: null };
  };
  const listener = listenHttp({
    address: { kind: "tcp", hostname: "127.0.0.1", port: 0 },
    handler,
    refusal: ({ status, reason }) => ({ status, headers: [], body: reason }),
    pool,
    ...roomFor(ample),
    limits: { headBytes: 32_768, bodyBytes: 0, idleSeconds: 60 },
  });
  stops.push(() => listener.stop());
  return listener;
}

function poolOf(different: Partial<PoolOptions> = {}): Pool {
  return new Pool({ ...defaultPoolOptions, ...different });
}

/** One client connection. */
class Client {
  readonly socket: Socket;
  #text = "";

  constructor(listener: HttpListener) {
    this.socket = connect(listener.port ?? 0, "127.0.0.1");
    this.socket.on("error", () => undefined);
    this.socket.on("data", (bytes) => {
      this.#text += bytes.toString("latin1");
    });
    stops.push(() => this.socket.destroy());
  }

  /** Status and body of the response to a request with these lines. */
  async ask(lines: readonly string[], target = "/", method = "GET", body = ""): Promise<string> {
    this.#text = "";
    this.socket.write([`${method} ${target} HTTP/1.1`, "Host: app.test", ...lines, "", body].join("\r\n"));
    await waitUntil(() => /\r\n\r\n.*;$/s.test(this.#text) || this.#text.startsWith("HTTP/1.1 101"));
    const [head = "", content = ""] = this.#text.split("\r\n\r\n");
    return `${head.slice(9, 12)} ${content.slice(0, -1)}`.trim();
  }
}

function write(at: RawExchange, status: string, content: string, lines: readonly string[] = []): void {
  const body = `${content};`;
  at.write([`HTTP/1.1 ${status}`, ...lines, `Content-Length: ${body.length}`, "", body].join("\r\n"));
}

/** An application behind NTLM: three requests on one connection log that connection in. */
function ntlm(): (at: RawExchange) => Promise<void> {
  const states = new Map<number, string>();
  return async (at) => {
    const body = await at.body();
    const message = /\r\nauthorization: (?:ntlm|negotiate) (\S+)/i.exec(at.head)?.[1];
    const state = states.get(at.connection) ?? "";
    const scheme = /\r\nx-scheme: (\S+)/i.exec(at.head)?.[1] ?? "NTLM";
    if (message === "type1") {
      states.set(at.connection, "challenged");
      return write(at, "401 U", "challenge", [`WWW-Authenticate: ${scheme} type2`]);
    }
    if (message !== undefined && state === "challenged") states.set(at.connection, message);
    const user = states.get(at.connection) ?? "";
    if (user === "" || user === "challenged") return write(at, "401 U", "who", [`WWW-Authenticate: ${scheme}`]);
    return write(at, "200 OK", `${user}${body}`);
  };
}

const authorization = (message: string, scheme = "NTLM") => [`Authorization: ${scheme} ${message}`];

/** The same application at each kind of address. */
async function ntlmAt(kind: "plain" | "TLS" | "unix" | "one user's"): Promise<Upstream> {
  if (kind === "TLS") {
    const tls = makeSelfSigned({ names: ["127.0.0.1"], days: 1, now: Math.floor(Date.now() / 1000) });
    const { hostAndPort } = await scripted(ntlm(), { tls });
    return upstreamAt(hostAndPort, { scheme: "https", verifyTls: true, caPem: tls.certificatePem });
  }
  if (kind === "unix") {
    const unixPath = join(tmpdir(), `login-${process.pid}-${Math.random().toString(36).slice(2)}.sock`);
    await scripted(ntlm(), { unixPath });
    return upstreamAt("localhost", { unixPath });
  }
  const { hostAndPort } = await scripted(ntlm());
  return upstreamAt(hostAndPort, kind === "plain" ? {} : { reach: "no_link_local" });
}

test.each(["plain", "TLS", "unix", "one user's"] as const)(
  "decision 56: a handshake works over one client connection, and no other client gets its upstream connection (%s)",
  async (kind) => {
    const upstream = await ntlmAt(kind);
    const listener = proxyTo(upstream, poolOf());
    const [alice, bob] = [new Client(listener), new Client(listener)];

    const handshake = [
      await alice.ask([]),
      await alice.ask(authorization("type1")),
      await bob.ask([]),
      await alice.ask(authorization("alice")),
      await alice.ask([]),
    ];

    expect(handshake).toEqual(["401 who", "401 challenge", "401 who", "200 alice", "200 alice"]);
    expect(await bob.ask([])).toBe("401 who");
    expect(await new Client(listener).ask([])).toBe("401 who");
    expect(await alice.ask([], "/", "GET")).toBe("200 alice");
  },
);

const ok = (at: RawExchange) => write(at, "200 OK", "ok");
const stating =
  (...lines: string[]) =>
  (at: RawExchange) =>
    write(at, at.connection === 1 ? "401 U" : "200 OK", "ok", lines);

test.each([
  ["Authorization: NTLM", [...authorization("x")], ok],
  ["Authorization: ntlm", authorization("x", "ntlm"), ok],
  ["authorization: NEGOTIATE", ["authorization:   NEGOTIATE x"], ok],
  ["a second line of Authorization", ["Authorization: Bearer x", ...authorization("x")], ok],
  ["Proxy-Authorization: Negotiate", ["Proxy-Authorization: Negotiate x"], ok],
  ["WWW-Authenticate: NTLM", [], stating("WWW-Authenticate: NTLM")],
  ["www-authenticate: negotiate", [], stating("www-authenticate: negotiate")],
  ["a list in WWW-Authenticate", [], stating('WWW-Authenticate: Basic realm="a", Negotiate abc==, NTLM')],
  ["several lines of WWW-Authenticate", [], stating("WWW-Authenticate: Basic", "WWW-Authenticate:NTLM")],
  ["Proxy-Authenticate", [], stating("Proxy-Authenticate: NTLM")],
  ["Authentication-Info", [], stating("Authentication-Info: Negotiate oYG=")],
  ["Proxy-Authentication-Info", [], stating("Proxy-Authentication-Info: Negotiate oYG=")],
  [
    "WWW-Authenticate in an interim response",
    [],
    (at: RawExchange) => {
      at.write("HTTP/1.1 103 E\r\nWWW-Authenticate: NTLM\r\n\r\n");
      ok(at);
    },
  ],
] as const)("decision 56: %s keeps the connection for its client", async (_, lines, handler) => {
  const upstream = await scripted(handler);
  const listener = proxyTo(upstreamAt(upstream.hostAndPort), poolOf());
  const [alice, bob] = [new Client(listener), new Client(listener)];

  await alice.ask(lines);
  await bob.ask([]);
  await alice.ask([]);

  expect(upstream.exchanges.map(({ connection }) => connection)).toEqual([1, 2, 1]);
});

test.each([
  ["Basic", ["Authorization: Basic bnRsbTpuZWdvdGlhdGU="], ok],
  ["Bearer", ["Authorization: Bearer ntlmnegotiate"], ok],
  ["an offer of Basic", [], stating('WWW-Authenticate: Basic realm="x"')],
] as const)("a connection with %s serves every client", async (_, lines, handler) => {
  const upstream = await scripted(handler);
  const listener = proxyTo(upstreamAt(upstream.hostAndPort), poolOf());

  await new Client(listener).ask(lines);
  await new Client(listener).ask([]);

  expect(upstream.connections()).toBe(1);
});

async function loggedIn(pool = poolOf()): Promise<{ upstream: RawUpstream; listener: HttpListener; alice: Client }> {
  const upstream = await scripted(ntlm());
  const listener = proxyTo(upstreamAt(upstream.hostAndPort), pool);
  const alice = new Client(listener);
  await alice.ask(authorization("type1"));
  expect(await alice.ask(authorization("alice"))).toBe("200 alice");
  return { upstream, listener, alice };
}

test("decision 56: a connection closes with the client connection that it belongs to", async () => {
  const pool = poolOf();
  const { upstream, alice } = await loggedIn(pool);

  alice.socket.end();

  await upstream.exchanges[0]?.closed;
  await waitUntil(() => pool.count().idle + pool.count().inUse === 0);
});

test("decision 56: it closes when the client connection serves its last request", async () => {
  const pool = poolOf();
  const { upstream, alice } = await loggedIn(pool);

  expect(await alice.ask(["Connection: close"])).toBe("200 alice");

  await upstream.exchanges[0]?.closed;
  expect(pool.count()).toEqual({ idle: 0, inUse: 0 });
});

test("decision 56: another user on the same client connection gets another connection", async () => {
  const { alice } = await loggedIn();

  expect(await alice.ask(["X-Owner: bob"])).toBe("401 who");
});

test("decision 56: where users cannot be told apart, the connection is closed after its answer", async () => {
  const pool = poolOf();
  const upstream = await scripted(stating("WWW-Authenticate: NTLM"));
  const client = new Client(proxyTo(upstreamAt(upstream.hostAndPort), pool));

  await client.ask(["X-Owner: nobody"]);

  await upstream.exchanges[0]?.closed;
  expect(pool.count()).toEqual({ idle: 0, inUse: 0 });
  expect(await client.ask(["X-Owner: nobody"])).toBe("200 ok");
  expect(upstream.connections()).toBe(2);
});

test("decision 56: a request is not retried on another connection", async () => {
  const handler = ntlm();
  const upstream = await scripted((at) => (at.head.startsWith("GET /close ") ? at.reset() : handler(at)));
  const listener = proxyTo(upstreamAt(upstream.hostAndPort), poolOf());
  const alice = new Client(listener);
  await alice.ask(authorization("type1"));

  alice.socket.write(`GET /close HTTP/1.1\r\nHost: app.test\r\nAuthorization: NTLM alice\r\n\r\n`);

  const answered = await new Promise<string>((resolve) => alice.socket.once("data", (bytes) => resolve(String(bytes))));
  expect(answered).toStartWith("HTTP/1.1 502");
  expect(upstream.exchanges.map(({ connection }) => connection)).toEqual([1, 1]);
});

test("decision 56: the request with the body comes last in a handshake, and goes out whole on its connection", async () => {
  const { upstream, alice } = await loggedIn();

  const post = await alice.ask(["Content-Length: 5"], "/", "POST", "hello");

  expect(post).toBe("200 alicehello");
  expect(upstream.connections()).toBe(1);
});

test("decision 56: a challenge before the end of a body ends that connection", async () => {
  const upstream = await scripted((at) => write(at, "401 U", "challenge", ["WWW-Authenticate: NTLM type2"]));
  const alice = new Client(proxyTo(upstreamAt(upstream.hostAndPort), poolOf()));

  await alice.ask(["Content-Length: 5", ...authorization("type1")], "/", "POST", "he");

  await upstream.exchanges[0]?.closed;
});

test("decision 56: a WebSocket may take several requests to log in, all on one connection", async () => {
  const seen: number[] = [];
  const handler = ntlm();
  const upstream = await scripted(async (at) => {
    seen.push(at.connection);
    const key = /\r\nsec-websocket-key: (\S+)/i.exec(at.head)?.[1];
    if (!at.head.includes("NTLM alice") || key === undefined) return handler(at);
    const accept = new Bun.CryptoHasher("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    at.write(`HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
  });
  const alice = new Client(proxyTo(upstreamAt(upstream.hostAndPort), poolOf()));
  const upgrade = [
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
  ];

  const answers = [
    await alice.ask(upgrade),
    await alice.ask([...upgrade, ...authorization("type1")]),
    await alice.ask([...upgrade, ...authorization("alice")]),
  ];

  expect(answers).toEqual(["401 who", "401 challenge", "101"]);
  expect(seen).toEqual([1, 1, 1]);
});

test("a client connection keeps one connection: a login at another upstream ends the first", async () => {
  const [first, second] = [await scripted(ntlm()), await scripted(ntlm())];
  const pool = poolOf();
  const choose = (target: string) => upstreamAt((target === "/first" ? first : second).hostAndPort);
  const alice = new Client(proxyTo(choose, pool));

  await alice.ask([], "/first");
  await alice.ask([], "/second");

  await first.exchanges[0]?.closed;
  expect(pool.count()).toEqual({ idle: 1, inUse: 0 });
});

test("DOS-04: a kept connection makes room when the pool is full", async () => {
  const pool = poolOf({ mostOpen: 1 });
  const { upstream, listener, alice } = await loggedIn(pool);

  expect(await new Client(listener).ask([])).toBe("401 who");

  await upstream.exchanges[0]?.closed;
  expect(await alice.ask([])).toBe("401 who");
});

test("DOS-02: a kept connection closes when it was idle too long", async () => {
  let time = 1_800_000_000;
  const pool = poolOf({ now: () => time });
  const { upstream, alice } = await loggedIn(pool);

  time += 61;
  pool.sweep();

  await upstream.exchanges[0]?.closed;
  expect(await alice.ask([])).toBe("401 who");
});

test.each(["bytes", "FIN"])(
  "UPS-13: a kept connection on which the upstream sends %s while it is idle is not used again",
  async (what) => {
    const pool = poolOf();
    const { upstream, alice } = await loggedIn(pool);

    if (what === "bytes") upstream.exchanges[0]?.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nevil;");
    else upstream.exchanges[0]?.end();
    await waitUntil(() => pool.count().idle === 0);

    expect(await alice.ask([])).toBe("401 who");
    await turns();
  },
);

test("a stop closes kept connections", async () => {
  const pool = poolOf();
  const { upstream } = await loggedIn(pool);

  pool.drain();

  await upstream.exchanges[0]?.closed;
});
