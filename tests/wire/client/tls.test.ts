import { afterAll, describe, expect, test } from "bun:test";
import { connect as connectPlain } from "node:net";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import type { WireHandler } from "../../../src/ports/wire.ts";
import { makeSelfSigned } from "../../../src/tls/self-signed.ts";
import { listenHttps } from "../../../src/wire/client/listener.ts";
import { listenTls, type TlsFacts } from "../../../src/wire/socket/tls-listener.ts";
import { Pool } from "../../../src/wire/upstream/pool.ts";
import { ample, roomFor } from "./connection-rooms.ts";

const now = Math.floor(Date.now() / 1000);
const certificateFor = (name: string) => makeSelfSigned({ names: [name], days: 30, now });
const facts: TlsFacts = {
  fallback: certificateFor("fallback.test"),
  named: [
    { serverName: "app.test", certificate: certificateFor("app.test") },
    { serverName: "*.wild.test", certificate: certificateFor("*.wild.test") },
  ],
  minVersion: "1.2",
};

/** Answers with the server name that the client sent. */
const handler: WireHandler = ({ serverName }) => ({
  kind: "answer",
  answer: { status: 200, headers: [], body: `sni ${serverName ?? "none"}` },
});

const listener = await listenHttps(
  {
    address: { kind: "tcp", hostname: "127.0.0.1", port: 0 },
    handler,
    refusal: ({ status, reason }) => ({ status, headers: [], body: reason }),
    pool: new Pool(),
    ...roomFor(ample),
    limits: { headBytes: 32_768, bodyBytes: 0, idleSeconds: 60 },
  },
  facts,
);
afterAll(() => listener.stop());

function handshake(options: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port: listener.port ?? 0, rejectUnauthorized: false, ...options }, () =>
      resolve(socket),
    );
    socket.once("error", reject);
  });
}

/** The name of the certificate that a client gets, and the answer. */
async function served(options: ConnectionOptions): Promise<readonly [certificate: string, body: string]> {
  const socket = await handshake(options);
  const name = socket.getPeerX509Certificate()?.subjectAltName ?? "";
  socket.write("GET / HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n");
  let text = "";
  for await (const bytes of socket) text += bytes;
  return [name.replace("DNS:", ""), text.slice(text.indexOf("\r\n\r\n") + 4)];
}

describe("which certificate is served", () => {
  test.each([
    ["an exact name", { servername: "app.test" }, "app.test", "sni app.test"],
    ["a name in capitals", { servername: "APP.TEST" }, "app.test", "sni app.test"],
    ["a name of a wildcard", { servername: "One.wild.test" }, "*.wild.test", "sni one.wild.test"],
    ["a name below a wildcard's", { servername: "a.one.wild.test" }, "fallback.test", "sni a.one.wild.test"],
    ["an unknown name", { servername: "other.test" }, "fallback.test", "sni other.test"],
    ["no name", {}, "fallback.test", "sni none"],
  ])("%s", async (_what, options, certificate, body) => {
    expect(await served(options)).toEqual([certificate, body]);
  });

  test("both kinds of certificate change while the listener serves, and open connections stay open", async () => {
    const standing = await handshake({ servername: "app.test" });

    listener.replaceCertificates({
      fallback: certificateFor("new-fallback.test"),
      named: [
        { serverName: "app.test", certificate: makeSelfSigned({ names: ["app.test", "new.test"], days: 30, now }) },
      ],
      minVersion: "1.2",
    });
    const named = await served({ servername: "app.test" });
    const unnamed = await served({});
    standing.write("GET / HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n");
    let text = "";
    for await (const bytes of standing) text += bytes;
    listener.replaceCertificates(facts);

    expect(named[0]).toBe("app.test, DNS:new.test");
    expect(unnamed[0]).toBe("new-fallback.test");
    expect(text).toContain("sni app.test");
    expect((await served({}))[0]).toBe("fallback.test");
  });
});

describe("protocols of a client", () => {
  test("of h2 and http/1.1, http/1.1 is chosen", async () => {
    const socket = await handshake({ servername: "app.test", ALPNProtocols: ["h2", "http/1.1"] });
    socket.destroy();

    expect(socket.alpnProtocol).toBe("http/1.1");
  });

  test("a client without ALPN is served, and a client with only h2 gets an alert", async () => {
    const socket = await handshake({ servername: "app.test" });
    socket.destroy();
    const refused = await handshake({ ALPNProtocols: ["h2"] }).catch(({ code }) => code);

    expect(socket.alpnProtocol).toBe(false);
    expect(refused).toBe("ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL");
  });

  test.each(["TLSv1", "TLSv1.1"] as const)("TLS-02: %s is refused", async (version) => {
    const attempt = handshake({ minVersion: version, maxVersion: version, ciphers: "ALL:@SECLEVEL=0" });

    expect(
      await attempt.then(
        () => "accepted",
        () => "refused",
      ),
    ).toBe("refused");
  });

  test("TLS 1.2 and 1.3 are served", async () => {
    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      const socket = await handshake({ minVersion: version, maxVersion: version });
      const spoken = socket.getProtocol();
      socket.destroy();

      expect(spoken).toBe(version);
    }
  });

  test("plain HTTP on the TLS port gets no HTTP answer, and the port still serves", async () => {
    const answer = await new Promise<string>((resolve) => {
      let text = "";
      const socket = connectPlain(listener.port ?? 0, "127.0.0.1", () =>
        socket.write("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n"),
      );
      socket.on("data", (bytes) => {
        text += bytes.toString("latin1");
      });
      socket.on("error", () => undefined);
      socket.on("close", () => resolve(text));
    });

    expect(answer).not.toContain("HTTP/1.1");
    expect((await served({ servername: "app.test" }))[0]).toBe("app.test");
  });
});

test.each(["TLSv1.2", "TLSv1.3"] as const)("a session of %s is resumed", async (version) => {
  const options = { servername: "app.test", minVersion: version, maxVersion: version };
  const first = await handshake(options);
  const session = new Promise<Buffer>((resolve) => first.on("session", resolve));
  first.write("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n");

  const again = await handshake({ ...options, session: await session });

  expect([first.isSessionReused(), again.isSessionReused()]).toEqual([false, true]);
  first.destroy();
  again.destroy();
});

test.each([
  ["the default certificate", { ...facts, fallback: { ...facts.fallback, certificatePem: "nonsense" } }],
  ["a named one", { ...facts, named: [{ serverName: "a.test", certificate: { certificatePem: "x", keyPem: "x" } }] }],
  [
    "a key of another certificate",
    { ...facts, fallback: { ...facts.fallback, keyPem: certificateFor("other.test").keyPem } },
  ],
])("%s that cannot be loaded prevents the listener from opening", async (_what, broken) => {
  const owner = { data() {}, drained() {}, ended() {}, closed() {}, failed() {} };
  const admission = { admit: () => true, left: () => undefined };

  const listening = (async () =>
    await listenTls({ kind: "tcp", hostname: "127.0.0.1", port: 0 }, broken, admission, () => owner))();

  expect(await listening.catch(() => "refused")).toBe("refused");
});
