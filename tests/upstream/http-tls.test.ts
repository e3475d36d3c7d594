import { afterEach, expect, test } from "bun:test";
import type { Upstream } from "../../src/core/provider.ts";
import { makeSelfSigned } from "../../src/tls/self-signed.ts";
import { fetchUpstream } from "../../src/upstream/http-client.ts";
import { type RawUpstream, startRawUpstream } from "../fakes/upstream.ts";
import { noAbort, requestTo, textOf, upstreamAt } from "./request-to.ts";

const send = fetchUpstream();
const started: RawUpstream[] = [];
const now = Math.floor(Date.now() / 1000);

afterEach(async () => {
  for (const upstream of started.splice(0)) await upstream.stop();
});

async function secureUpstream(name: string): Promise<{ readonly upstream: RawUpstream; readonly caPem: string }> {
  const tls = makeSelfSigned({ names: [name], days: 1, now });
  const upstream = await startRawUpstream(
    (exchange) => exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    { tls },
  );
  started.push(upstream);
  return { upstream, caPem: tls.certificatePem };
}

async function outcome(upstream: RawUpstream, different: Partial<Upstream>, host = "app.test"): Promise<string> {
  const to = upstreamAt(upstream.hostAndPort, { scheme: "https", ...different });
  return send(requestTo("", { upstream: to, headers: [["Host", host]] }), null, noAbort()).then(
    (answer) => textOf(answer.body),
    (error) => error.message.replace(/:\d+"/, '"'),
  );
}

test("UPS-11: a self-signed upstream is refused, and accepted with verification off", async () => {
  const { upstream } = await secureUpstream("127.0.0.1");

  const refused = await outcome(upstream, {});
  const accepted = await outcome(upstream, { verifyTls: false });

  expect(refused).toBe('upstream: "https://127.0.0.1" gave no usable answer: UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  expect(accepted).toBe("ok");
});

test("UPS-11: a connection opened without verification is not used by a request that wants it", async () => {
  const { upstream } = await secureUpstream("127.0.0.1");

  const accepted = await outcome(upstream, { verifyTls: false });
  const refused = await outcome(upstream, {});

  expect(accepted).toBe("ok");
  expect(refused).toContain("UNABLE_TO_VERIFY_LEAF_SIGNATURE");
  expect(upstream.exchanges.length).toBe(1);
});

test("a private CA is enough for the upstream that it names", async () => {
  const { upstream, caPem } = await secureUpstream("127.0.0.1");

  expect(await outcome(upstream, { caPem })).toBe("ok");
});

test("UPS-12: the Host header does not decide whose certificate is right", async () => {
  const { upstream, caPem } = await secureUpstream("example.test");

  const byHost = await outcome(upstream, { caPem }, "example.test");
  const byServerName = await outcome(upstream, { caPem, serverName: "example.test" }, "app.test");
  const wrongName = await outcome(upstream, { caPem, serverName: "other.test" }, "example.test");

  expect(byHost).toContain("ERR_TLS_CERT_ALTNAME_INVALID");
  expect(byServerName).toBe("ok");
  expect(wrongName).toContain("ERR_TLS_CERT_ALTNAME_INVALID");
  expect(upstream.exchanges.map(({ head }) => /\r\nHost: (.*)/.exec(head)?.[1])).toEqual(["app.test"]);
});
