import { afterAll, afterEach, beforeEach, describe, expect, test } from "bun:test";
import { confirmSignOut, loginAs } from "../fakes/browser.ts";
import { header, requestText, sendRaw } from "../fakes/raw-client.ts";
import { waitUntil } from "../fakes/waits.ts";
import { event, type FakeLogins, startFakeLogins } from "./fake-logins.ts";
import { type Stack, startStack } from "./stack.ts";
import { app, seenUser } from "./visit.ts";
import { openSocket } from "./web-socket-client.ts";

const path = "/outpost.goauthentik.io/backchannel-logout";

describe("tokens made by hand", () => {
  let logins: FakeLogins;
  let made = 0;
  beforeEach(async () => {
    logins = await startFakeLogins();
  });
  afterEach(() => logins.stop());

  /** A logout token of authentik's shape. */
  function logoutToken(over: Readonly<Record<string, unknown>>): string {
    made += 1;
    const claims = { iss: logins.fake.issuer, aud: "app", iat: logins.now(), jti: `j${made}`, events: { [event]: {} } };
    return logins.signed({ ...claims, ...over }, { typ: "logout+jwt" });
  }

  function post(body: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    const form = { "content-type": "application/x-www-form-urlencoded", ...headers };
    return logins.stack.send(path, { method: "POST", headers: form, body });
  }

  const notify = (over: Readonly<Record<string, unknown>>) => post(`logout_token=${logoutToken(over)}`);

  test("a sid ends the session that was opened with it, and no other of the same person", async () => {
    const [one, two] = [await logins.login(), await logins.login()];

    const answer = await notify({ sid: "sid-1", sub: "u-alice" });

    expect([answer.status, await answer.text()]).toEqual([200, ""]);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect([await seenUser(one), await seenUser(two)]).toEqual([null, "alice"]);
  });

  test("a sub alone ends every session of the person, and no other session", async () => {
    const [one, two] = [await logins.login(), await logins.login()];
    logins.claims = { sub: "u-bob", preferred_username: "bob" };
    const bob = await logins.login();

    const answer = await notify({ sub: "u-alice" });

    expect(answer.status).toBe(200);
    expect([await seenUser(one), await seenUser(two), await seenUser(bob)]).toEqual([null, null, "bob"]);
  });

  test("OUT-05: an unknown sid and an unknown sub are 200, and end nothing", async () => {
    const browser = await logins.login();

    const statuses = [(await notify({ sid: "unknown" })).status, (await notify({ sub: "nobody" })).status];

    expect(statuses).toEqual([200, 200]);
    expect(await seenUser(browser)).toBe("alice");
  });

  test("OUT-03: the same token a second time is 400, even where it ended nothing", async () => {
    const body = `logout_token=${logoutToken({ sid: "sid-9" })}`;

    expect([(await post(body)).status, (await post(body)).status]).toEqual([200, 400]);
  });

  test("OUT-03: the answer names the fault of a token in JSON, without the token, and no session ends", async () => {
    const browser = await logins.login();
    const nonce = await notify({ sid: "sid-1", nonce: "n" });
    const late = await notify({ sid: "sid-1", iat: logins.now() - 61 });
    const other = await notify({ sid: "sid-1", aud: "other" });
    const stranger = await notify({ sid: "sid-1", iss: "https://other.test" });

    expect([nonce, late, other, stranger].map(({ status }) => status)).toEqual([400, 400, 400, 400]);
    expect(nonce.headers.get("content-type")).toBe("application/json");
    expect(nonce.headers.get("cache-control")).toBe("no-store");
    expect(await nonce.json()).toEqual({
      error: "invalid_request",
      error_description: "logout_token: it has a nonce, which only an id_token may have",
    });
    expect(await seenUser(browser)).toBe("alice");
    expect(JSON.stringify(logins.stack.logLines)).not.toContain("eyJ");
  });

  test("OUT-04: an id_token is 400", async () => {
    const now = logins.now();
    const idToken = { iss: logins.fake.issuer, aud: "app", sub: "u-alice", exp: now + 300, iat: now, nonce: "n" };

    expect((await post(`logout_token=${logins.signed(idToken)}`)).status).toBe(400);
  });

  test.each(["GET", "PUT", "DELETE", "HEAD", "OPTIONS"])("OUT-05: %s is 405", async (method) => {
    const answer = await logins.stack.send(path, { method });

    expect(answer.status).toBe(405);
    expect(answer.headers.get("allow")).toBe("POST");
    expect(answer.headers.get("cache-control")).toBe("no-store");
  });

  test("OUT-05: a token in the query, in JSON, twice or not at all is 400", async () => {
    const token = logoutToken({ sid: "sid-1" });
    const browser = await logins.login();
    const query = await logins.stack.send(`${path}?logout_token=${token}`, { method: "POST" });
    const json = await post(JSON.stringify({ logout_token: token }), { "content-type": "application/json" });
    const twice = await post(`logout_token=${token}&logout_token=${token}`);
    const none = await post("token=x");
    const empty = await post("");

    expect([query, json, twice, none, empty].map(({ status }) => status)).toEqual([400, 400, 400, 400, 400]);
    expect(await seenUser(browser)).toBe("alice");
  });

  test("OUT-05: a form of more than 16 KiB is 413, said by its length or not", async () => {
    const long = await post(`logout_token=${"x".repeat(1024 * 1024)}`);
    const head = requestText(`POST ${path} HTTP/1.1`, [
      ["Host", "app.test"],
      ["Content-Type", "application/x-www-form-urlencoded"],
      ["Transfer-Encoding", "chunked"],
    ]);
    const chunk = `2000\r\n${"x".repeat(0x2000)}\r\n`;
    const chunked = await sendRaw(logins.stack.port, [head, chunk, chunk, chunk]);

    expect(long.status).toBe(413);
    expect(chunked.answers.map(({ status }) => status)).toEqual([413]);
  });

  test("a form with a charset and one that is chunked are read", async () => {
    const browser = await logins.login();
    const body = `logout_token=${logoutToken({ sid: "sid-1" })}`;
    const head = requestText(`POST ${path} HTTP/1.1`, [
      ["Host", "app.test"],
      ["Content-Type", "application/x-www-form-urlencoded; charset=UTF-8"],
      ["Transfer-Encoding", "chunked"],
    ]);

    const { answers } = await sendRaw(logins.stack.port, [
      head,
      `5\r\n${body.slice(0, 5)}\r\n`,
      `${(body.length - 5).toString(16)}\r\n${body.slice(5)}\r\n0\r\n\r\n`,
    ]);

    expect(answers.map((answer) => [answer.status, header(answer, "content-length")])).toEqual([[200, "0"]]);
    expect(await seenUser(browser)).toBeNull();
  });

  test("OUT-05: who posts bad tokens is told to wait, and good ones of another address are taken all the while", async () => {
    const statuses: number[] = [];
    for (let count = 0; count < 22; count += 1) statuses.push((await post("logout_token=x")).status);
    const waiting = await post("logout_token=x");
    const other = await post(`logout_token=${logoutToken({ sid: "s" })}`, { "x-forwarded-for": "192.0.2.7" });

    expect(statuses.filter((status) => status === 400).length).toBe(20);
    expect(waiting.status).toBe(429);
    expect(Number(waiting.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(other.status).toBe(200);
  });

  test("OUT-05: good tokens are never too many", async () => {
    const statuses = await Promise.all(
      Array.from({ length: 200 }, async (_, index) => (await notify({ sid: `s${index}` })).status),
    );

    expect([...new Set(statuses)]).toEqual([200]);
  });

  test("an issuer whose keys can't be had gets 503, and its token is good still when they can", async () => {
    const browser = await logins.login();
    await logins.stack.restart(); // the keys are not known any more
    const body = `logout_token=${logoutToken({ sid: "sid-1" })}`;
    logins.fake.answers.jwks = () => new Response("", { status: 503 });
    const away = await post(body);
    delete logins.fake.answers.jwks;
    const back = await post(body);

    expect([away.status, back.status]).toEqual([503, 200]);
    expect(await away.json()).toEqual({ error: "server_error", error_description: "idp_unreachable" });
    expect(await seenUser(browser)).toBeNull();
  });

  test("on a host of nobody the endpoint is not there", async () => {
    const answer = await post("logout_token=x", { host: "nobody.test" });

    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain("nobody.test");
  });

  test("WS-03: WebSockets of the session close with 1008, those of the same person's other session go on", async () => {
    const cookies = [await logins.login(), await logins.login()].map((each) => each.cookies.headerFor(new URL(app)));
    const [one, two] = [
      await openSocket(logins.stack.port, { cookie: cookies[0] ?? "" }),
      await openSocket(logins.stack.port, { cookie: cookies[1] ?? "" }),
    ];

    await notify({ sid: "sid-1", sub: "u-alice" });
    const first = await one.closed;
    two.send("still here");
    const echoed = await two.next();
    await notify({ sub: "u-alice" });

    expect(first.code).toBe(1008);
    expect(echoed).toContain("still here");
    expect((await two.closed).code).toBe(1008);
  });

  test("what ended is logged and counted, without names", async () => {
    await logins.login();

    await notify({ sid: "sid-1" });

    const [line] = logins.stack.logLines.filter((each) => each["event"] === "back-channel logout");
    expect(line).toMatchObject({ level: "info", provider: "app", by: "sid", sessions: 1 });
    expect(JSON.stringify(line)).not.toContain("sid-1");
  });
});

test("a token for one provider's client, posted to another's host, ends the sessions at both of one issuer", async () => {
  const second = (issuer: string, echo: string) => `
[providers.other]
mode = "proxy"
external_host = "http://other.test"
internal_host = "${echo}"
issuer = "${issuer}"
client_id = "other-client"
client_secret = "a client secret of forty characters, yes"
`;
  const logins = await startFakeLogins();
  await logins.stack.reload({
    provider: `issuer = "${logins.fake.issuer}"\nclient_id = "app"\nclient_secret = "a client secret of forty characters, yes"`,
    top: second(logins.fake.issuer, logins.stack.echoUrl),
  });
  logins.claims = { sid: "shared" };
  const atApp = await logins.login();
  logins.claims = { sid: "shared", aud: "other-client" };
  const atOther = await logins.login("http://other.test");
  const before = [await seenUser(atApp), await seenUser(atOther, "http://other.test")];

  const claims = { iss: logins.fake.issuer, iat: logins.now(), jti: "j", sid: "shared", events: { [event]: {} } };
  const answer = await logins.stack.send(path, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: `logout_token=${logins.signed({ ...claims, aud: "other-client" })}`,
  });

  expect(before).toEqual(["alice", "alice"]);
  expect(answer.status).toBe(200);
  expect([await seenUser(atApp), await seenUser(atOther, "http://other.test")]).toEqual([null, null]);
  await logins.stop();
});

describe("tokens that a real issuer sends", () => {
  let stack: Stack | null = null;
  afterAll(() => stack?.stop());

  test("oidc-provider's back-channel logout ends the session of that browser alone", async () => {
    const free = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
    const port = free.port ?? 0;
    await free.stop(true);
    const origin = `http://127.0.0.1:${port}`;
    const up = await startStack({
      listenPort: port,
      externalHost: origin,
      client: { backchannel_logout_uri: `${origin}${path}`, backchannel_logout_session_required: true },
    });
    stack = up;
    const [one, two] = [up.browser(), up.browser()];
    await loginAs(one, `${origin}/`, "alice");
    await loginAs(two, `${origin}/`, "alice");
    const before = [await seenUser(one, origin), await seenUser(two, origin)];

    await confirmSignOut(one, await one.follow(`${up.issuer.issuer}/session/end?client_id=akproxy`));
    await waitUntil(async () => (await up.metric("akproxy_sessions")) === 1);

    expect(before).toEqual(["alice", "alice"]);
    expect([await seenUser(one, origin), await seenUser(two, origin)]).toEqual([null, "alice"]);
  });
});
