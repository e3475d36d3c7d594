import { afterEach, expect, test } from "bun:test";
import { loginAs } from "../fakes/browser.ts";
import { clientSecret } from "../fakes/sample-config.ts";
import { type LogLine, type Stack, startStack } from "./stack.ts";
import { app, callbackOf, loggedIn, outpost } from "./visit.ts";
import { openSocket } from "./web-socket-client.ts";

let stack: Stack;
afterEach(() => stack.stop());

const requestLines = (): readonly LogLine[] => stack.logLines.filter((line) => line["event"] === "request");

test("a request is one line with exactly these fields, its path without the query", async () => {
  stack = await startStack();
  const browser = await loggedIn(stack, "alice");
  const before = requestLines().length;

  await browser.get("http://app.test/json?token=secret&x=1", { headers: { "x-forwarded-for": "198.51.100.7" } });

  const [line = {}, ...others] = requestLines().slice(before);
  const { time, request_id, duration_ms, ...rest } = line;
  expect(others).toEqual([]);
  expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(request_id).toMatch(/^[0-9a-f]{16}$/);
  expect(duration_ms).toBeNumber();
  expect(duration_ms).toBeGreaterThan(0);
  expect(rest).toEqual({
    level: "info",
    event: "request",
    provider: "app",
    host: "app.test",
    method: "GET",
    path: "/json",
    verdict: "allowed",
    status: 200,
    user: "alice",
    client: "198.51.100.7",
  });
});

test("each request of a login, a denial and a sign-out has its verdict, status and user", async () => {
  stack = await startStack();
  const browser = await loggedIn(stack, "alice");
  await browser.get(`${outpost}/sign_out`);
  await stack.send("/api", { method: "POST" });
  await stack.send("/x", { headers: { host: "nobody.test" } });
  await stack.send("/outpost.goauthentik.io/ping");

  const lines = requestLines().map(({ method, path, verdict, status, user }) => [method, path, verdict, status, user]);

  expect(lines).toEqual([
    ["GET", "/", "login", 302, null],
    ["GET", "/outpost.goauthentik.io/start", "login", 302, null],
    ["GET", "/outpost.goauthentik.io/callback", "callback", 302, "alice"],
    ["GET", "/", "allowed", 200, "alice"],
    ["GET", "/outpost.goauthentik.io/sign_out", "sign_out", 302, "alice"],
    ["POST", "/api", "unauthorized", 401, null],
    ["GET", "/x", "refused", 400, null],
  ]);
});

test("a WebSocket is one line when it opens", async () => {
  stack = await startStack();
  const browser = await loggedIn(stack, "alice");
  const before = requestLines().length;

  const socket = await openSocket(stack.port, { cookie: browser.cookies.headerFor(new URL(app)) });
  socket.close(1000, "");
  await socket.closed;

  const lines = requestLines().slice(before);
  expect(lines.map(({ method, path, verdict, status, user }) => [method, path, verdict, status, user])).toEqual([
    ["GET", "/ws", "allowed", 101, "alice"],
  ]);
});

test("a page's request id is the one in the log", async () => {
  stack = await startStack();

  const page = await stack.browser().get(`${outpost}/callback`);

  const [line = {}] = requestLines();
  expect(line["status"]).toBe(400);
  expect(page.text).toContain(String(line["request_id"]));
});

test("LEAK-01: at level trace, a login, its failures and a sign-out put no cookie, code, state, token or secret into the log", async () => {
  stack = await startStack({ logLevel: "trace", oidc: 'post_logout_redirect_uri = "http://app.test/"' });
  const secrets: string[] = [clientSecret];
  const browser = stack.browser();

  const start = await browser.get(`${outpost}/start?rd=/wanted%3Ftoken=canary-in-rd`);
  secrets.push(
    ...cookieValues(start.headers.getSetCookie()),
    ...valuesOf(start.location, ["state", "nonce", "code_challenge"]),
  );
  const callback = await callbackOf(browser, `${outpost}/start?rd=/wanted%3Ftoken=canary-in-rd`, "alice");
  secrets.push("canary-in-rd", ...valuesOf(callback, ["state", "code"]));
  const finished = await browser.get(callback);
  secrets.push(...cookieValues(finished.headers.getSetCookie()));
  const seen: { readonly headers: Readonly<Record<string, string>> } = JSON.parse(
    (await browser.get("http://app.test/json")).text,
  );
  const token = seen.headers["x-authentik-jwt"] ?? "";
  secrets.push(token, ...token.split("."));
  const replay = await stack.browser().get(callback);
  await stack.send("/api?access_token=canary-in-query", {
    headers: { authorization: "Bearer canary-in-authorization" },
  });
  const wrongIss = new URL(await callbackOf(browser, `${outpost}/start?rd=/`, "alice"));
  wrongIss.searchParams.set("iss", "https://evil.test");
  secrets.push(...valuesOf(wrongIss.href, ["state", "code"]), "canary-in-query", "canary-in-authorization");
  await browser.get(wrongIss.href);
  const badCode = new URL(await callbackOf(browser, `${outpost}/start?rd=/`, "alice"));
  badCode.searchParams.set("code", "canary-code-that-is-wrong");
  secrets.push(...valuesOf(badCode.href, ["state"]), "canary-code-that-is-wrong");
  await browser.get(badCode.href);
  const signOut = await browser.get(`${outpost}/sign_out`);

  const log = stack.logLines.map((line) => JSON.stringify(line)).join("\n");
  expect(token.split(".")).toHaveLength(3);
  expect([replay.status, signOut.status]).toEqual([302, 302]);
  expect(signOut.location).toContain(token);
  expect(secrets.length).toBeGreaterThan(18);
  expect(secrets.filter((secret) => secret.length < 8)).toEqual([]);
  expect(secrets.filter((secret) => log.includes(secret))).toEqual([]);
  expect(stack.logLines.map((line) => line["event"])).toContain("sign out");
});

test("LEAK-01: the secrets of the outpost and its config are in no line of a start with level trace", async () => {
  const secret = "canary-outpost-secret-of-forty-characters";
  stack = await startStack({ logLevel: "trace", top: `[outpost]\nsecret = "${secret}"` });

  await loginAs(stack.browser(), app, "alice");

  const log = stack.logLines.map((line) => JSON.stringify(line)).join("\n");
  expect(log).toContain("issuer discovered");
  expect(log).not.toContain("canary");
  expect(log).not.toContain("toy-client-secret");
});

/** The values of Set-Cookie lines that hold any. */
function cookieValues(lines: readonly string[]): readonly string[] {
  return lines.map((line) => /^[^=]*=([^;]*)/.exec(line)?.[1] ?? "").filter((value) => value !== "");
}

function valuesOf(url: string | null, names: readonly string[]): readonly string[] {
  const { searchParams } = new URL(url ?? "none:");
  return names.map((name) => searchParams.get(name) ?? "");
}
