import type { HeaderLines } from "../../../src/core/http/header-lines.ts";
import type { Upstream } from "../../../src/core/provider.ts";
import type { UpstreamRequest } from "../../../src/core/upstream/upstream-request.ts";
import type { Forwarding } from "../../../src/ports/wire.ts";
import type { ClientSide, TunnelClient, UpstreamSide } from "../../../src/wire/forward/sides.ts";
import { forward } from "../../../src/wire/forward/upstream-exchange.ts";
import { type Occupant, UpstreamConnection } from "../../../src/wire/upstream/connection.ts";
import { defaultPoolOptions, Pool, type PoolOptions } from "../../../src/wire/upstream/pool.ts";
import { upstream } from "../../fakes/samples.ts";

/** A client that records all calls as one byte string; `[...]` stands for a call without bytes. */
export interface RecordingClient extends TunnelClient {
  text(): string;
  /** Resolves with the text when the answer is over, however it ended. */
  readonly over: Promise<string>;
  /** Resolves when the text contains `part`. */
  has(part: string): Promise<void>;
  bytesTaken(): number;
  /** The opposite of what `write` returns. */
  isFull: boolean;
  isPaused: boolean; //                            its body is stopped
}

/** A GET without a body in HTTP/1.1, with the changes of a test. */
export function recordingClient(different: Partial<ClientSide> = {}): RecordingClient {
  const { promise: over, resolve } = Promise.withResolvers<string>();
  let text = "";
  let taken = 0;
  let waiting: { readonly part: string; readonly resolve: () => void }[] = [];
  const add = (more: string): void => {
    text += more;
    for (const { part, resolve: found } of waiting) if (text.includes(part)) found();
    waiting = waiting.filter(({ part }) => !text.includes(part));
  };
  const lines = (headers: HeaderLines): string => headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const client: RecordingClient = {
    method: "GET",
    version: "1.1",
    framing: { kind: "none" },
    expectsContinue: false,
    keptConnection: null,
    isFull: false,
    isPaused: false,
    over,
    text: () => text,
    bytesTaken: () => taken,
    has(part) {
      if (text.includes(part)) return Promise.resolve();
      const found = Promise.withResolvers<void>();
      waiting.push({ part, resolve: found.resolve });
      return found.promise;
    },
    writeHead: ({ status, reason, headers, body }) => add(`[${body}]${status} ${reason}\r\n${lines(headers)}\r\n`),
    write(bytes) {
      taken += bytes.length;
      if (taken < 1_000_000) add(Buffer.from(bytes).toString("latin1"));
      return !client.isFull;
    },
    flush() {},
    informational: (status, reason, headers) => add(`[interim]${status} ${reason}\r\n${lines(headers)}\r\n`),
    pauseBody() {
      client.isPaused = true;
    },
    resumeBody() {
      client.isPaused = false;
    },
    endBody() {
      add("[end]");
      resolve(text);
    },
    endTunnel: () => add("[fin]"),
    abort() {
      add("[abort]");
      resolve(text);
    },
    answer({ status, body }) {
      add(`[answer]${status} ${body}`);
      resolve(text);
    },
    ...different,
  };
  return client;
}

/** A plain upstream at `hostAndPort`, with the changes of a test. */
export function upstreamAt(hostAndPort: string, different: Partial<Upstream> = {}): Upstream {
  return { ...upstream, hostAndPort, ...different };
}

/** Forwards `GET /a` to `upstream`; the page of a failure is its code and reason. */
export function forwardingTo(upstream: Upstream, different: Partial<UpstreamRequest> = {}): Forwarding {
  return {
    request: {
      method: "GET",
      upstream,
      target: "/a",
      headers: [["Host", "app.test"]],
      own: [],
      timeoutSeconds: 10,
      ...different,
    },
    forClient: (headers) => headers.filter(([name]) => name.toLowerCase() !== "x-authentik-username"),
    connectionOwner: () => "",
    failed: (code, reason) => ({
      status: code === "upstream_timeout" ? 504 : 502,
      headers: [],
      body: `${code}: ${reason}`,
    }),
    answered: () => undefined,
  };
}

/** A pool as akproxy runs it, with the changes of a test. */
export function poolWith(different: Partial<PoolOptions> = {}): Pool {
  return new Pool({ ...defaultPoolOptions, ...different });
}

/** A pool whose clock only `elapse` moves; it sweeps too. */
export function sweptPool(different: Partial<PoolOptions> = {}): {
  readonly pool: Pool;
  elapse(seconds: number): void;
} {
  let time = 1_800_000_000;
  const pool = poolWith({ ...different, now: () => time });
  const elapse = (seconds: number): void => {
    time += seconds;
    pool.sweep();
  };
  return { pool, elapse };
}

/** One request through `pool`. */
export function exchangeOf(
  pool: Pool,
  hostAndPort: string,
  request: Partial<UpstreamRequest> = {},
  client: Partial<ClientSide> = {},
): { readonly client: RecordingClient; readonly handle: UpstreamSide } {
  const recording = recordingClient({ method: request.method ?? "GET", ...client });
  const handle = forward(pool, forwardingTo(upstreamAt(hostAndPort), request), recording);
  return { client: recording, handle };
}

/** What the client of one request receives from an upstream that answers completely. */
export function answerThrough(
  pool: Pool,
  hostAndPort: string,
  request: Partial<UpstreamRequest> = {},
  client: Partial<ClientSide> = {},
): Promise<string> {
  return exchangeOf(pool, hostAndPort, request, client).client.over;
}

/** A pool with one fake connection: `feed` sends bytes from the upstream. */
export function fedPool(): { readonly pool: Pool; feed(bytes: string): void } {
  let occupant: Occupant | null = null;
  const connection = new UpstreamConnection("", 60, () => undefined, null);
  const take = (_: Upstream, taker: Occupant): UpstreamConnection => {
    occupant = taker;
    return connection;
  };
  return { pool: Object.assign(poolWith(), { take }), feed: (bytes) => occupant?.bytes(Buffer.from(bytes, "latin1")) };
}
