import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { HeaderLines } from "../../src/core/http/header-lines.ts";
import { header, sendRaw } from "../fakes/raw-client.ts";
import { type RawUpstream, startRawUpstream } from "../fakes/upstream.ts";
import { askText, type GuardedApp, startGuardedApp } from "./guarded-app.ts";

const handshake: HeaderLines = [
  ["Connection", "Upgrade"],
  ["Upgrade", "websocket"],
  ["Sec-WebSocket-Version", "13"],
  ["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="],
];

/** The guid of RFC 6455 1.3 behind the key, hashed. */
function acceptOf(key: string): string {
  return new Bun.CryptoHasher("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
}

let upstream: RawUpstream; //  accepts below /ws, answers 426 below /426, 200 elsewhere
let app: GuardedApp;
beforeAll(async () => {
  upstream = await startRawUpstream((exchange) => {
    const [, target = ""] = exchange.head.split(" ");
    const key = /\r\nsec-websocket-key: *([^\r]+)/i.exec(exchange.head)?.[1] ?? "";
    if (target.startsWith("/426")) exchange.write("HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n");
    else if (target.startsWith("/wrong"))
      exchange.write(
        "HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: wrong\r\n\r\n",
      );
    else if (target.startsWith("/ws") && key !== "")
      exchange.write(
        `HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${acceptOf(key)}\r\n\r\n`,
      );
    else exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  app = await startGuardedApp({ internalHost: upstream.origin, provider: 'skip_path_regex = ["^/ws/public"]' });
});
afterAll(async () => {
  await app.stop();
  await upstream.stop();
});

/** The status of the answer to an upgrade, and the heads that the upstream saw for it. */
async function upgrade(target: string, as: "alice" | "nobody", more: HeaderLines = [], after = "") {
  const before = upstream.exchanges.length;
  const text = askText(target, { as, headers: [...handshake, ...more] }, app.session) + after;
  const { answers } = await sendRaw(app.stack.port, text, { millisecondsToWait: 800 });
  return { answer: answers[0], seen: upstream.exchanges.slice(before).map(({ head }) => head) };
}

describe("WS-01: an upgrade is decided like a GET", () => {
  test("that of alice is forwarded as alice, a public one as anonymous", async () => {
    const hers = await upgrade("/ws", "alice", [
      ["X-authentik-username", "root"],
      ["Origin", "http://app.test"],
    ]);
    const open = await upgrade("/ws/public", "nobody", [["X-authentik-username", "root"]]);

    expect([hers.answer?.status, open.answer?.status]).toEqual([101, 101]);
    expect(hers.seen[0]).toMatch(/x-authentik-username: alice/i);
    expect(`${hers.seen[0]}${open.seen[0]}`).not.toContain("root");
    expect(open.seen[0]).not.toMatch(/x-authentik/i);
    expect(hers.seen[0]).not.toContain(app.session);
  });

  test.each([
    ["without a session", "/ws", []],
    ["with a forged cookie", "/ws", [["Cookie", "akproxy_app=x"]]],
    ["with an unverified credential", "/ws", [["Authorization", "Bearer x"]]],
    ["to a suspicious spelling of a public path", "/ws/public/%2e%2e;/x", []],
    [
      "that says it navigates",
      "/ws",
      [
        ["Sec-Fetch-Mode", "navigate"],
        ["Accept", "text/html"],
      ],
    ],
  ] as const)("%s it is 401, no redirect, and the upstream sees nothing", async (_how, target, headers) => {
    const { answer, seen } = await upgrade(target, "nobody", headers);

    expect(answer?.status).toBe(401);
    expect(answer === undefined ? "" : header(answer, "location")).toBe("");
    expect(seen).toEqual([]);
  });
});

describe("WS-02: another site's page can't use this browser's session", () => {
  test.each([
    ["https://evil.test"],
    ["null"],
    ["http://app.test.evil.test"],
    ["https://app.test"],
    ["http://app.test:81"],
    ["http://sub.app.test"],
    [""],
    ["http://app.test, https://evil.test"],
  ])("Origin %j is 403", async (origin) => {
    const { answer, seen } = await upgrade("/ws", "alice", [["Origin", origin]]);

    expect(answer?.status).toBe(403);
    expect(seen).toEqual([]);
  });

  test("the own origin, in capitals too, and a request without an origin pass", async () => {
    expect((await upgrade("/ws", "alice", [["Origin", "http://app.test"]])).answer?.status).toBe(101);
    expect((await upgrade("/ws", "alice", [["Origin", "HTTP://APP.TEST"]])).answer?.status).toBe(101);
    expect((await upgrade("/ws", "alice")).answer?.status).toBe(101);
  });
});

describe("WS-04: no tunnel without the upstream's 101", () => {
  const smuggled = "GET /smuggled HTTP/1.1\r\nHost: app.test\r\nX-authentik-username: root\r\n\r\n";

  test.each([
    ["/426", 426],
    ["/plain", 200],
    ["/wrong", 502],
  ])("%s: the client gets %i and no 101, and its next bytes no upstream", async (target, status) => {
    const { answer, seen } = await upgrade(target, "alice");
    const ahead = await upgrade(target, "alice", [], smuggled);

    expect(answer?.status).toBe(status);
    expect(ahead.answer?.status ?? 0).not.toBe(101);
    expect(seen).toHaveLength(1);
    expect(upstream.exchanges.map(({ head }) => head).filter((head) => /root|smuggled/.test(head))).toEqual([]);
  });

  test("UPS-16: a protocol other than websocket is not an upgrade, and its headers go no further", async () => {
    const { answers } = await sendRaw(
      app.stack.port,
      askText(
        "/plain",
        {
          as: "alice",
          headers: [
            ["Connection", "Upgrade, HTTP2-Settings"],
            ["Upgrade", "h2c"],
            ["HTTP2-Settings", "AAMAAABkAARAAAAAAAIAAAAA"],
          ],
        },
        app.session,
      ),
    );

    const head = upstream.exchanges.at(-1)?.head ?? "";
    expect(answers[0]?.status).toBe(200);
    expect(head).toStartWith("GET /plain ");
    expect(head).not.toMatch(/h2c|http2-settings|upgrade/i);
  });

  test("a POST that asks for a WebSocket is a POST", async () => {
    const { answers } = await sendRaw(
      app.stack.port,
      askText(
        "/plain",
        { method: "POST", as: "alice", headers: [...handshake, ["Content-Length", "2"]], body: "hi" },
        app.session,
      ),
    );

    expect(answers[0]?.status).toBe(200);
    expect(upstream.exchanges.at(-1)?.head).toStartWith("POST /plain ");
    expect(upstream.exchanges.at(-1)?.head).not.toMatch(/upgrade: websocket/i);
  });
});
