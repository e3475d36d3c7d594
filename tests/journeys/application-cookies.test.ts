import { afterAll, expect, test } from "bun:test";
import { identityHeaderNames } from "../../src/core/identity/identity-fields.ts";
import { loginAs } from "../fakes/browser.ts";
import { startStack } from "./stack.ts";
import { app, outpost } from "./visit.ts";

/** What the application was sent last. */
let asked = new Headers();

/** An application that sets cookies of its own and tries to set ours, and to speak as akproxy does. */
const application = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch(request) {
    asked = new Headers(request.headers);
    const headers = new Headers({ "x-authentik-jwt": "leaked", "X-Authentik-Username": "root", "x-own": "kept" });
    for (const cookie of [
      "own=1; Path=/",
      "akproxy_app=evil; Path=/",
      "AKPROXY_app=evil; Path=/",
      "__Host-akproxy_app=evil; Path=/; Secure",
      "akproxy_app_login_x_y=evil; Path=/",
      "=akproxy_app=evil; Path=/",
      "other=2; Path=/; HttpOnly",
    ]) {
      headers.append("set-cookie", cookie);
    }
    return new Response("hello", { headers });
  },
});

const stack = await startStack({
  internalHost: `http://127.0.0.1:${application.port}`,
  provider: 'skip_path_regex = "^/public/"',
});
afterAll(async () => {
  await stack.stop();
  await application.stop(true);
});

test("HDR-15: an application's own cookies pass, ours and identity headers in its answer do not", async () => {
  const browser = stack.browser();
  await loginAs(browser, app, "alice");

  const page = await browser.get("http://app.test/x");

  expect(page.headers.getSetCookie()).toEqual(["own=1; Path=/", "other=2; Path=/; HttpOnly"]);
  expect(page.headers.get("x-own")).toBe("kept");
  expect(page.headers.get("x-authentik-jwt")).toBeNull();
  expect(page.headers.get("x-authentik-username")).toBeNull();
  expect((await browser.get("http://app.test/y")).status).toBe(200);
});

test("our cookies never reach the application, its own do: with a session, in the middle of a login, and on a public path", async () => {
  const browser = stack.browser();
  await loginAs(browser, app, "alice");
  browser.cookies.set(new URL(app), "mine=3; Path=/");
  await browser.get(`${outpost}/start?rd=/`);

  const sent = browser.cookies.headerFor(new URL(app));
  await browser.get("http://app.test/x");
  const inside = asked.get("cookie");
  await browser.get("http://app.test/public/x");
  const open = asked.get("cookie");

  expect(sent.match(/akproxy_/g)?.length).toBe(2);
  expect(inside?.split("; ").sort()).toEqual(["mine=3", "other=2", "own=1"]);
  expect(open?.split("; ").sort()).toEqual(["mine=3", "other=2", "own=1"]);
});

test("HDR-01: what a client sends in the identity headers' name reaches the application in no spelling", async () => {
  const browser = stack.browser();
  await loginAs(browser, app, "bob");

  await browser.get("http://app.test/x", {
    headers: {
      "x-authentik-username": "root",
      "X-AUTHENTIK-GROUPS": "admins",
      x_authentik_email: "root@evil.test",
      "x-authentik_uid": "0",
      "x.authentik.name": "Root",
      "x-authentik-anything": "1",
    },
  });

  const ours = [...asked].filter(([name]) => name.replace(/[^a-z0-9]/g, "-").startsWith("x-authentik-"));
  expect(ours.map(([name]) => name).sort()).toEqual(identityHeaderNames.map((name) => name.toLowerCase()).toSorted());
  expect(asked.get("x-authentik-username")).toBe("bob");
  expect(asked.get("x-authentik-groups")).toBe("staff");
});
