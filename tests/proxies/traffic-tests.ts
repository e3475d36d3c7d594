import { expect, test } from "bun:test";
import { openSocket } from "../journeys/web-socket-client.ts";
import { ask, type Front, theOneSeen } from "./front.ts";

/** Requests and bodies that pass, and arrive whole. */
export function trafficTests(front: Front): void {
  publicPath(front);
  sockets(front);
  wholeBodies(front);
  asSent(front);
  refusedBodies(front);
  addresses(front);
}

function publicPath(front: Front): void {
  test("a public path needs no login", async () => {
    const answer = await ask(front, "/public/price-list?year=2026&lang=en");

    expect(answer.status).toBe(200);
    expect(answer.body).toBe("the application saw /public/price-list?year=2026&lang=en");
  });
}

function sockets(front: Front): void {
  const { place } = front;
  const application = () => front.guard().application;

  test("a WebSocket opens with a session, has its identity, and carries messages both ways", async () => {
    const before = application().seen("/ws").length;
    const socket = await openSocket(front.real().port, {
      host: place.host,
      origin: `http://${place.host}`,
      cookie: front.alice().cookies.headerFor(new URL(front.home)),
    });

    socket.send("over the wire");
    const back = await socket.next();
    socket.close(1000, "");

    const handshake = application().seen("/ws")[before];
    expect(back).toBe("over the wire");
    expect(handshake?.headers.filter(([name]) => name.toLowerCase() === "x-authentik-username")).toEqual([
      [expect.any(String), "alice"],
    ]);
  });

  test("WS-01: a WebSocket does not open without a session", async () => {
    const answer = await ask(front, "/locked-ws", { headers: upgrade });

    expect(answer.status).toBe(401);
    expect(application().seen("/locked-ws")).toEqual([]);
  });
}

function wholeBodies(front: Front): void {
  const application = () => front.guard().application;

  test("a body of 1 MiB arrives whole, with its method", async () => {
    const body = Array.from({ length: 1024 }, (_, index) => String.fromCharCode(index % 256).repeat(1024)).join("");

    const answer = await ask(front, "/upload", { method: "POST", as: front.alice(), body });

    const seen = theOneSeen(application(), "/upload");
    expect(answer.status).toBe(200);
    expect(seen.method).toBe("POST");
    expect(seen.body.length).toBe(1_048_576);
    expect(Bun.hash(seen.body)).toBe(Bun.hash(body));
  });

  test("a chunked body arrives whole, and one that was announced with Expect: 100-continue", async () => {
    const alice = front.alice();
    const chunked = [["Transfer-Encoding", "chunked"]] as const;
    const expecting = [["Expect", "100-continue"]] as const;

    const answers = [
      await ask(front, "/chunked", {
        method: "POST",
        as: alice,
        headers: chunked,
        tail: "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
      }),
      await ask(front, "/expected", { method: "PUT", as: alice, headers: expecting, body: "all of it" }),
    ];

    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(theOneSeen(application(), "/chunked").body).toBe("hello world");
    expect(theOneSeen(application(), "/expected").body).toBe("all of it");
  });
}

function asSent(front: Front): void {
  const application = () => front.guard().application;

  test("HEAD stays HEAD", async () => {
    const answer = await ask(front, "/head-only", { method: "HEAD", as: front.alice() });

    expect(answer.status).toBe(200);
    expect(theOneSeen(application(), "/head-only").method).toBe("HEAD");
  });

  test("8 KiB of the application's own cookies pass beside ours", async () => {
    const cookies = `${front.alice().cookies.headerFor(new URL(front.home))}; theirs=${"x".repeat(8192)}`;

    const answer = await ask(front, "/many-cookies", { headers: [["Cookie", cookies]] });

    const seen = theOneSeen(application(), "/many-cookies").headers.find(([name]) => name.toLowerCase() === "cookie");
    expect(answer.status).toBe(200);
    expect(/theirs=(x*)/.exec(seen?.[1] ?? "")?.[1]?.length).toBe(8192);
  });
}

function refusedBodies(front: Front): void {
  const application = () => front.guard().application;

  test("a POST without a session is refused, body and all", async () => {
    const answer = await ask(front, "/locked-upload", { method: "POST", body: "x".repeat(10_000) });

    expect(answer.status).toBe(401);
    expect(application().seen("/locked-upload")).toEqual([]);
  });
}

function addresses(front: Front): void {
  const application = () => front.guard().application;

  test("with a session an address arrives as it was sent", async () => {
    const target = "/files/a%20b/c;v=1?q=%2e%2e%2f&empty=&plus=a+b&as-sent";

    await ask(front, target, { as: front.alice() });

    expect(theOneSeen(application(), "as-sent").target).toBe(target);
  });
}

const upgrade = [
  ["Connection", "Upgrade"],
  ["Upgrade", "websocket"],
  ["Sec-WebSocket-Version", "13"],
  ["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="],
] as const;
