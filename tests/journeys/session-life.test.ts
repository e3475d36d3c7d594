import { afterEach, expect, test } from "bun:test";
import { type Browser, loginAs } from "../fakes/browser.ts";
import { type Stack, type StackOptions, startStack } from "./stack.ts";
import { app, loggedIn, outpost, seenUser } from "./visit.ts";

let stack: Stack;
afterEach(() => stack.stop());

const minute = 60;

async function stackWith(options: StackOptions): Promise<Stack> {
  stack = await startStack(options);
  return stack;
}

/** The session cookie in a browser, as it would be sent. */
function sessionCookie(browser: Browser): string {
  return browser.cookies.all().find(({ name }) => name === "akproxy_app")?.value ?? "";
}

test("SES-08: a session ends at its absolute limit, however busy it was", async () => {
  await stackWith({ sessions: 'max = "30m"\nidle = "10m"' });
  const browser = await loggedIn(stack, "alice");

  const seen: (string | null)[] = [];
  for (let turn = 0; turn < 5; turn += 1) {
    stack.advance(6 * minute - 1);
    seen.push(await seenUser(browser));
  }
  stack.advance(6 * minute);

  expect(seen).toEqual(["alice", "alice", "alice", "alice", "alice"]);
  expect(await seenUser(browser)).toBeNull();
  expect((await browser.get(app)).status).toBe(302);
});

test("SES-08: a session ends when it is idle too long, and each use puts that off", async () => {
  await stackWith({ sessions: 'max = "24h"\nidle = "10m"' });
  const browser = await loggedIn(stack, "alice");

  stack.advance(9 * minute);
  const first = await seenUser(browser);
  stack.advance(9 * minute);
  const second = await seenUser(browser);
  stack.advance(10 * minute + 1);
  const third = await seenUser(browser);

  expect([first, second, third]).toEqual(["alice", "alice", null]);
});

test("SES-08: a cookie kept longer than its Max-Age opens nothing once the server's limit is past", async () => {
  await stackWith({ sessions: 'max = "30m"' });
  const browser = await loggedIn(stack, "alice");
  browser.cookies.set(new URL(app), `akproxy_app=${sessionCookie(browser)}; Path=/; Max-Age=99999999`);

  const before = await seenUser(browser);
  stack.advance(30 * minute);
  const after = await seenUser(browser);

  expect([before, after]).toEqual(["alice", null]);
});

test("SES-08: a provider's own limits win over those of [sessions]", async () => {
  await stackWith({ sessions: 'max = "24h"', provider: 'session_max = "5m"' });
  const browser = await loggedIn(stack, "alice");

  stack.advance(5 * minute + 1);

  expect(await seenUser(browser)).toBeNull();
});

test("SES-01: each login makes a new session id, and the one it replaces ends", async () => {
  await stackWith({});
  const browser = await loggedIn(stack, "alice");
  const first = sessionCookie(browser);

  await loginAs(browser, `${outpost}/start?rd=/`, "alice");

  const second = sessionCookie(browser);
  const replay = await stack.send("/json", { headers: { cookie: `akproxy_app=${first}` } });
  expect(second).not.toBe(first);
  expect(await seenUser(browser)).toBe("alice");
  expect(replay.status).toBe(302);
  expect(await stack.metric("akproxy_sessions")).toBe(1);
});

test("SES-01: an id that an attacker plants before the login does not become the session's", async () => {
  await stackWith({});
  const attacker = await loggedIn(stack, "bob");
  const victim = stack.browser();
  victim.cookies.set(new URL(app), `akproxy_app=${sessionCookie(attacker)}; Path=/`);

  await loginAs(victim, `${outpost}/start?rd=/`, "alice");

  expect(sessionCookie(victim)).not.toBe(sessionCookie(attacker));
  expect(await seenUser(victim)).toBe("alice");
  expect(await seenUser(attacker)).not.toBe("alice");
});

test("SES-02: a made-up id, an id without its seal and one with another's seal open nothing", async () => {
  await stackWith({});
  const alice = sessionCookie(await loggedIn(stack, "alice"));
  const bob = sessionCookie(await loggedIn(stack, "bob"));
  const [id = "", seal = ""] = alice.split(".");

  const statuses: number[] = [];
  for (const value of [
    id,
    `${id}.`,
    `${id}.${bob.split(".")[1]}`,
    `${"A".repeat(43)}.${seal}`,
    `.${seal}`,
    `${alice}x`,
    `"${alice}"`,
    "../../etc/passwd",
    "..%2f..%2fsecret.key",
  ]) {
    const answer = await stack.send("/json", { headers: { cookie: `akproxy_app=${value}` } });
    statuses.push(answer.status);
  }

  expect(statuses).toEqual([302, 302, 302, 302, 302, 302, 302, 302, 302]);
});

test("SES-03, SES-04: neither id, cookie, user name, email nor token stands readable in the files of the store", async () => {
  await stackWith({});
  const browser = await loggedIn(stack, "alice");
  const page = await browser.get("http://app.test/json");
  const seen: { readonly headers: Readonly<Record<string, string>> } = JSON.parse(page.text);
  const token = seen.headers["x-authentik-jwt"] ?? "";

  const files = [...new Bun.Glob("sessions.sqlite*").scanSync(stack.stateDir)];
  const bytes = await Promise.all(files.map((name) => Bun.file(`${stack.stateDir}/${name}`).bytes()));
  const text = Buffer.concat(bytes).toString("latin1");

  const [id = "none", seal = "none"] = sessionCookie(browser).split(".");
  expect(token.length).toBeGreaterThan(100);
  expect(text.length).toBeGreaterThan(1000);
  const canaries = [id, seal, "alice", "Alice Example", "alice@example.test", token.slice(0, 40), token.slice(-40)];
  expect(canaries.filter((canary) => text.includes(canary))).toEqual([]);
});
