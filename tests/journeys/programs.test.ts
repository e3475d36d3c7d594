import { afterAll, expect, test } from "bun:test";
import { isToyLogin } from "../fakes/browser.ts";
import { startStack } from "./stack.ts";
import { app, loggedIn, userOf } from "./visit.ts";

const stack = await startStack({ provider: 'skip_path_regex = "^/public/"' });
afterAll(() => stack.stop());

const start = "http://app.test/outpost.goauthentik.io/start?rd=";

test.each([
  ["a script's fetch", { "sec-fetch-mode": "cors", accept: "*/*" }],
  ["a subresource", { "sec-fetch-mode": "no-cors", accept: "image/*" }],
  ["XMLHttpRequest by its customary header", { "x-requested-with": "XMLHttpRequest", accept: "*/*" }],
  ["an Accept that names JSON", { accept: "application/json" }],
  ["an Accept that names a kind of JSON", { accept: "application/vnd.api+json, */*;q=0.1" }],
])("a GET that is no navigation gets 401 with the login's URL and no cookie: %s", async (_what, headers) => {
  const answer = await stack.send("/api/items?page=2", { headers });

  expect(answer.status).toBe(401);
  expect(answer.headers.get("www-authenticate")).toBe('Bearer realm="app"');
  expect(answer.headers.getSetCookie()).toEqual([]);
  expect(answer.headers.get("location")).toBeNull();
  expect(answer.headers.get("cache-control")).toBe("no-store");
  expect(answer.headers.get("content-type")).toBe("application/json");
  const { request_id, ...body } = JSON.parse(await answer.text());
  expect(request_id).toMatch(/^[0-9a-f]{16}$/);
  expect(body).toEqual({
    error: "login_required",
    message: "This request has no session, and it cannot be redirected to a sign-in page.",
    hint: "Sign in, then do it again.",
    login_url: `${start}${encodeURIComponent("http://app.test/api/items?page=2")}`,
  });
});

test.each([
  ["POST", { "content-type": "application/x-www-form-urlencoded" }],
  ["PUT", {}],
  ["DELETE", {}],
  ["PATCH", {}],
  ["OPTIONS", { "access-control-request-method": "POST", origin: "https://elsewhere.test" }],
])("PATH-21, CK-08: %s without a session is 401, no redirect, no cookie, and leads home", async (method, headers) => {
  const body = method === "POST" ? { body: "a=1" } : {};

  const answer = await stack.send("/form?x=1", { method, headers, ...body });

  expect(answer.status).toBe(401);
  expect(answer.headers.get("www-authenticate")).toBe('Bearer realm="app"');
  expect(answer.headers.getSetCookie()).toEqual([]);
  expect(answer.headers.get("access-control-allow-origin")).toBeNull();
  expect(JSON.parse(await answer.text()).login_url).toBe(`${start}${encodeURIComponent(app)}`);
});

test("a form that a browser sends without a session gets a 401 page whose link leads to the login", async () => {
  const browser = stack.browser();

  const page = await browser.submit({ action: "http://app.test/save", fields: { text: "draft" } });

  expect(page.status).toBe(401);
  expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(page.headers.getSetCookie()).toEqual([]);
  const link = /<a class="button" href="([^"]*)"/.exec(page.text)?.[1] ?? "none:";
  expect(isToyLogin(await browser.follow(link))).toBe(true);
});

test.each([
  ["Bearer x", 'Bearer realm="app", error="invalid_token"'],
  ["Bearer ", 'Bearer realm="app", error="invalid_token"'],
  ["Basic YTpi", 'Basic realm="app", charset="UTF-8"'],
])(
  "M2M-05, M2M-09: Authorization %j does not start a login: 401, no redirect, no cookie",
  async (authorization, challenge) => {
    const answer = await stack.send("/api", { headers: { authorization } });

    expect(answer.status).toBe(401);
    expect(answer.headers.get("location")).toBeNull();
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(answer.headers.get("www-authenticate")).toBe(challenge);
  },
);

test.each(["Negotiate abc", "DPoP x", "Digest username=a"])(
  "Authorization %j is the application's business: a login as without it",
  async (authorization) => {
    const answer = await stack.send("/api", { headers: { authorization } });

    expect(answer.status).toBe(302);
  },
);

test("M2M-10: a token in the query is never read", async () => {
  const browser = await loggedIn(stack, "alice");
  const page = await browser.get("http://app.test/json");
  const seen: { readonly headers: Readonly<Record<string, string>> } = JSON.parse(page.text);

  const answer = await stack.send(`/json?access_token=${seen.headers["x-authentik-jwt"]}`);

  expect(answer.status).toBe(302);
});

test.each([
  ["says nothing, as curl does", { accept: "*/*", "user-agent": "curl/8.5.0" }],
  ["names HTML besides JSON", { accept: "text/html, application/json" }],
  ["navigates", { "sec-fetch-mode": "navigate", "sec-fetch-dest": "document", accept: "text/html" }],
])("a GET that %s is redirected to the login", async (_what, headers) => {
  const answer = await stack.send("/x?y=1", { headers });

  expect(answer.status).toBe(302);
  expect(answer.headers.get("location")).toBe(`${start}${encodeURIComponent("http://app.test/x?y=1")}`);
  expect(answer.headers.getSetCookie()).toEqual([]);
});

test("a HEAD is redirected like its GET and has no body", async () => {
  const answer = await stack.send("/x", { method: "HEAD" });

  expect(answer.status).toBe(302);
  expect(await answer.text()).toBe("");
});

test("with a session every method and every kind of request reaches the application", async () => {
  const cookie = (await loggedIn(stack, "alice")).cookies.headerFor(new URL(app));

  const users: string[] = [];
  for (const method of ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
    const answer = await stack.send("/json", { method, headers: { cookie, accept: "application/json" } });
    users.push(userOf(await answer.text()));
  }

  expect(users).toEqual(["alice", "alice", "alice", "alice", "alice", "alice"]);
});

test("a body of a million bytes reaches the application whole", async () => {
  const cookie = (await loggedIn(stack, "alice")).cookies.headerFor(new URL(app));

  const answer = await stack.send("/json", { method: "POST", headers: { cookie }, body: "x".repeat(1_000_000) });

  expect(JSON.parse(await answer.text()).bodyBytes).toBe(1_000_000);
});

test("CK-08: a public path asks nobody, sets no cookie, and its identity headers are empty whatever the client sends", async () => {
  const answer = await stack.send("/public/x", {
    headers: { accept: "application/json", "x-authentik-username": "root", x_authentik_email: "root@evil.test" },
  });

  const { headers } = JSON.parse(await answer.text());
  expect(answer.status).toBe(200);
  expect(answer.headers.getSetCookie()).toEqual([]);
  expect(headers["x-authentik-username"] ?? "").toBe("");
  expect(headers["x-authentik-email"] ?? "").toBe("");
  expect(headers["x_authentik_email"]).toBeUndefined();
});
