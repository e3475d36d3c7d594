import { afterEach, expect, test } from "bun:test";
import type { Upstream } from "../../../src/core/provider.ts";
import { makeSelfSigned } from "../../../src/tls/self-signed.ts";
import { forward } from "../../../src/wire/forward/upstream-exchange.ts";
import { checkedAddresses, systemResolve } from "../../../src/wire/upstream/checked-addresses.ts";
import type { Pool } from "../../../src/wire/upstream/pool.ts";
import { type RawExchange, type RawUpstream, scriptedUpstreams } from "../../fakes/upstream.ts";
import { forwardingTo, poolWith, recordingClient, upstreamAt } from "../forward/fakes.ts";

const { scripted, stopAll } = scriptedUpstreams();
afterEach(stopAll);
const ok = (exchange: RawExchange) => exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");

async function start(tls?: { readonly certificatePem: string; readonly keyPem: string }): Promise<RawUpstream> {
  return scripted(ok, tls === undefined ? {} : { tls });
}

/** `foo.test` at the port of `upstream`. */
const fooAt = (upstream: RawUpstream) => upstream.hostAndPort.replace("127.0.0.1", "foo.test");

async function answerOf(pool: Pool, hostAndPort: string, different: Partial<Upstream> = {}): Promise<string> {
  const client = recordingClient();
  forward(pool, forwardingTo(upstreamAt(hostAndPort, { reach: "no_link_local", ...different })), client);
  return (await client.over).replace(/:\d+"/, '"').replace(/^.*\r\n\r\n/s, "");
}

/** A resolver that returns each answer once, and the last one for ever; `asked` counts the calls. */
function resolver(...answers: readonly (readonly string[])[]) {
  const asked: string[] = [];
  const resolve = (hostname: string) => {
    asked.push(hostname);
    return Promise.resolve(answers[Math.min(asked.length, answers.length) - 1] ?? []);
  };
  return { asked, resolve };
}

test("UPS-02: the connection goes to the checked address, and the name is resolved once", async () => {
  const upstream = await start();
  const { asked, resolve } = resolver(["127.0.0.1"], ["169.254.169.254"]);

  const answer = await answerOf(poolWith({ resolve }), fooAt(upstream));

  expect(answer).toBe("ok[end]");
  expect(asked).toEqual(["foo.test"]);
});

test("UPS-02: a name that is rebound to a link-local address is refused at the next connection", async () => {
  const upstream = await start();
  const { resolve } = resolver(["127.0.0.1"], ["169.254.169.254"]);
  const pool = poolWith({ resolve, mostIdle: 0 });
  await answerOf(pool, fooAt(upstream));

  const answer = await answerOf(pool, fooAt(upstream));

  expect(answer).toBe(
    '[answer]502 upstream_refused: upstream: "http://foo.test" gave no usable answer: refused address 169.254.169.254 is a link-local address, which akproxy always refuses',
  );
  expect(upstream.exchanges).toHaveLength(1);
});

test("UPS-02: one bad address among good ones refuses the name", async () => {
  const upstream = await start();
  const { resolve } = resolver(["127.0.0.1", "fe80::1"]);

  expect(await answerOf(poolWith({ resolve }), fooAt(upstream))).toStartWith("[answer]502 upstream_refused");
  expect(upstream.exchanges).toEqual([]);
});

test.each(["127.0.0.1", "127.9.9.9", "::1", "0.0.0.0", "::", "::ffff:127.0.0.1", "64:ff9b::7f00:1"])(
  "decision 31: a host that is not listed by its name does not reach loopback by %s",
  async (address) => {
    const { resolve } = resolver([address]);

    expect(await checkedAddresses("foo.test", "no_loopback", resolve)).toMatchObject({ kind: "refused" });
  },
);

test.each([
  "169.254.169.254",
  "fe80::a",
  "::ffff:169.254.1.1",
  "fd00:ec2::254",
  "64:ff9b::a9fe:a9fe",
  "100.100.100.200",
  "2002:a9fe:a9fe::1",
  "not an address",
])("decision 20: %s is refused even if its name is listed", async (address) => {
  const { resolve } = resolver([address]);

  expect(await checkedAddresses("foo.test", "no_link_local", resolve)).toMatchObject({ kind: "refused" });
});

test.each(["10.1.2.3", "192.168.1.1", "2001:db8::1", "100.64.0.1"])("%s is allowed", async (address) => {
  const { resolve } = resolver([address]);

  const checked = await checkedAddresses("foo.test", "no_loopback", resolve);

  expect(checked).toEqual({ kind: "usable", addresses: [address] });
});

test("if an address accepts no connection, the next one is tried", async () => {
  const upstream = await start();
  const { resolve } = resolver(["127.7.7.7", "127.0.0.1"]);

  expect(await answerOf(poolWith({ resolve }), fooAt(upstream))).toBe("ok[end]");
});

test("a name without an address, or that cannot be resolved, is unreachable", async () => {
  const none = resolver([]);
  const failing = { resolve: () => Promise.reject(Object.assign(new Error("x"), { code: "DNS_ENOTFOUND" })) };

  expect(await answerOf(poolWith(none), "foo.test:80")).toContain("upstream_unreachable");
  expect(await answerOf(poolWith(failing), "foo.test:80")).toContain("DNS_ENOTFOUND");
});

test("TLS to a checked address verifies the name of the URL, which is sent as SNI", async () => {
  const tls = makeSelfSigned({ names: ["foo.test"], days: 1, now: Math.floor(Date.now() / 1000) });
  const upstream = await start(tls);
  const { resolve } = resolver(["127.0.0.1"]);
  const secure = { scheme: "https", caPem: tls.certificatePem } as const;

  const right = await answerOf(poolWith({ resolve }), fooAt(upstream), secure);
  const wrong = await answerOf(poolWith({ resolve }), fooAt(upstream).replace("foo", "bar"), secure);

  expect(right).toBe("ok[end]");
  expect(wrong).toContain("upstream_unreachable");
});

test("a checked connection is used again, but not by a request of another reach", async () => {
  const upstream = await start();
  const { asked, resolve } = resolver(["127.0.0.1"]);
  const pool = poolWith({ resolve });

  await answerOf(pool, fooAt(upstream));
  await answerOf(pool, fooAt(upstream));
  const barred = await answerOf(pool, fooAt(upstream), { reach: "no_loopback" });

  expect(asked).toHaveLength(2);
  expect(barred).toContain("upstream_refused");
});

test("the system's resolver resolves localhost", async () => {
  expect(await systemResolve("localhost")).toContain("127.0.0.1");
});
