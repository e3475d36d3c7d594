import { afterAll, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeSelfSigned } from "../../src/tls/self-signed.ts";
import { checkedWorld } from "./checks.ts";

const { checksOf, end, root } = checkedWorld();
afterAll(end);

const upstream = (host: string, more = "") =>
  `mode = "proxy"\nexternal_host = "https://app.test"\ninternal_host = "${host}"\n${more}`;
const made = makeSelfSigned({ names: ["inner.test"], days: 90, now: Math.floor(Date.now() / 1000) });
const secure = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  tls: { cert: made.certificatePem, key: made.keyPem },
  fetch: (request) => new Response(request.headers.get("host")),
});
writeFileSync(join(root, "ca.pem"), made.certificatePem);
const origin = `https://127.0.0.1:${secure.port}`;
afterAll(() => secure.stop(true));

test("a certificate that is not trusted is a failure that names the key to set", async () => {
  const { upstream: check } = await checksOf({ provider: upstream(origin) });

  expect(check).toMatchObject({
    standing: "fail",
    cause: "unreachable",
    fix: "set internal_host_ca_file to the CA of the certificate",
  });
});

test("a certificate for another name is a failure that names internal_host_server_name", async () => {
  const { upstream: check } = await checksOf({ provider: upstream(origin, 'internal_host_ca_file = "ca.pem"') });

  expect(check).toMatchObject({ standing: "fail", text: `${origin}: its certificate is for another name` });
});

test("an application that is verified by both is fine, and one that is not verified is a warning", async () => {
  const both = 'internal_host_ca_file = "ca.pem"\ninternal_host_server_name = "inner.test"';
  const verified = await checksOf({ provider: upstream(origin, both) });
  const off = await checksOf({ provider: upstream(origin, "internal_host_ssl_validation = false") });

  expect([verified["upstream"]?.standing, verified["upstream TLS"]?.standing]).toEqual(["ok", "ok"]);
  expect([off["upstream"]?.standing, off["upstream TLS"]?.standing]).toEqual(["ok", "warn"]);
});

test("TLS behind an http:// address is recognised", async () => {
  const { upstream: check } = await checksOf({ provider: upstream(`http://127.0.0.1:${secure.port}`) });

  expect(check?.standing).toBe("fail");
  expect(check?.fix).toContain("https://");
});

test("plain HTTP behind an https:// address is recognised", async () => {
  const plain = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("hello") });

  const { upstream: check } = await checksOf({ provider: upstream(`https://127.0.0.1:${plain.port}`) });
  await plain.stop(true);

  expect(check).toMatchObject({ standing: "fail", fix: "check whether internal_host should be http://" });
});

test("an application that answers 502 is a warning, and one that is silent is not waited for", async () => {
  const broken = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("", { status: 502 }) });
  const silent = Bun.listen({ port: 0, hostname: "127.0.0.1", socket: { data() {} } });

  const bad = await checksOf({ provider: upstream(`http://127.0.0.1:${broken.port}`) });
  const late = await checksOf({
    provider: upstream(`http://127.0.0.1:${silent.port}`),
    timeoutMilliseconds: 300,
  });
  await broken.stop(true);
  silent.stop(true);

  expect(bad["upstream"]?.standing).toBe("warn");
  expect(late["upstream"]).toMatchObject({ standing: "fail", cause: "unreachable" });
});

test("a refused connection and a missing socket say how to correct them", async () => {
  const refused = await checksOf({ provider: upstream("http://127.0.0.1:1") });
  const missing = await checksOf({ provider: upstream(`unix:${join(root, "none.sock")}`) });

  const fix = "start the application, or correct internal_host";
  expect(refused["upstream"]).toMatchObject({
    text: "http://127.0.0.1:1 refuses connections",
    cause: "unreachable",
    fix,
  });
  expect(missing["upstream"]).toMatchObject({ standing: "fail", cause: "unreachable", fix });
  expect(missing["upstream TLS"]).toBeUndefined();
});

test.each([
  ["the external host by default", "", "app.test"],
  ["host_header", '[providers.app.ak_proxy]\nhost_header = "inner.test"', "inner.test"],
  ["its own host", '[providers.app.ak_proxy]\nhost_header = "{internal_host}"', null],
])("the request's Host is that of a proxied request: %s", async (_name, more, host) => {
  const asked: (string | null)[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request) {
      asked.push(request.headers.get("host"), new URL(request.url).pathname);
      return new Response("", { status: 404 });
    },
  });

  const address = `127.0.0.1:${server.port}`;
  const { upstream: check } = await checksOf({ provider: upstream(`http://${address}/base`, more) });
  await server.stop(true);

  expect(asked).toEqual([host ?? address, "/base/"]);
  expect(check?.standing).toBe("ok");
  expect(check?.text).toMatch(/^http:\/\/127\.0\.0\.1:\d+ answered 404 in \d+ ms$/);
});
