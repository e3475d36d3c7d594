import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Browser } from "playwright-core";
import { freePort } from "../fakes/free-port.ts";
import { type Stack, startStack } from "../journeys/stack.ts";
import { findChromium, leftOut, openPage, startChromium } from "./chromium.ts";

const executable = findChromium();

if (executable === null) {
  leftOut("the login in a real browser");
} else {
  let stack: Stack;
  let chromium: Browser;
  let home: string;

  beforeAll(async () => {
    const port = freePort();
    home = `http://app.localhost:${port}/`;
    stack = await startStack({ externalHost: `http://app.localhost:${port}`, listenPort: port });
    chromium = await startChromium(executable);
  }, 30_000);
  afterAll(async () => {
    await chromium.close();
    await stack.stop();
  });

  test("a real browser logs in, sees its headers, talks over a WebSocket, signs out, and the session is gone", async () => {
    const { page, errors } = await openPage(chromium);

    await page.goto(`${home}reports?year=2026&name=a%2Fb`);
    const asked = await page.textContent("h1");
    await page.click("text=Continue as Alice");
    await page.waitForURL(`${home}reports?year=2026&name=a%2Fb`);
    const greeting = await page.textContent("h1");
    const rows = await page.locator("tr.ours").allTextContents();
    await page.fill('input[name="message"]', "over the wire");
    await page.click('button[name="send"]:enabled');
    await page.waitForFunction(() => document.querySelector(".log")?.textContent?.includes("← over the wire"));
    const kept = await page.context().cookies(home);
    await page.click("text=Sign out");
    await page.waitForURL(`${stack.issuer.issuer}/session/end?**`);
    await page.click("text=Yes, sign me out");
    await page.waitForLoadState();
    await page.goto(home);

    expect(asked).toBe("Who are you?");
    expect(greeting).toBe("Hello, Alice Example");
    expect(rows.map((row) => row.replace(/eyJ.*/, "…"))).toEqual([
      "x-authentik-usernamealice",
      "x-authentik-groupsadmins|staff",
      "x-authentik-entitlementsdemo",
      "x-authentik-emailalice@example.test",
      "x-authentik-nameAlice Example",
      "x-authentik-uidalice",
      "x-authentik-jwt…",
      `x-authentik-meta-jwks${stack.issuer.issuer}/jwks`,
      "x-authentik-meta-outpostakproxy",
      "x-authentik-meta-providerapp",
      "x-authentik-meta-appapp",
      "x-authentik-meta-versiongoauthentik.io/outpost/0.0.0-test",
    ]);
    expect(kept.map(({ name, httpOnly, sameSite }) => [name, httpOnly, sameSite])).toEqual([
      ["akproxy_app", true, "Lax"],
    ]);
    expect(await page.textContent("h1")).toBe("Who are you?");
    expect((await page.context().cookies(home)).map(({ name }) => name)).not.toContain("akproxy_app");
    expect(await stack.metric("akproxy_sessions")).toBe(0);
    expect(errors).toEqual([]);
  }, 30_000);

  test("WS-03: a sign-out in one tab closes the WebSocket in another with 1008", async () => {
    const { page } = await openPage(chromium);
    await page.goto(home);
    await page.click("text=Continue as Alice");
    await page.waitForFunction(() => document.querySelector(".log")?.textContent?.includes("connected"));

    const other = await page.context().newPage();
    await other.goto(home);
    await other.click("text=Sign out");

    await page.waitForFunction(() => document.querySelector(".log")?.textContent?.includes("closed: 1008 signed out"));
    expect(await stack.metric("akproxy_sessions")).toBe(0);
  }, 30_000);

  test("OUT-01: a link on another site leads to a question, whose button signs out though the answer goes on to the issuer", async () => {
    const { page, errors } = await openPage(chromium);
    await page.goto(home);
    await page.click("text=Continue as Bob");
    await page.waitForURL(home);
    const evil = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: () =>
        new Response(`<a href="${home}outpost.goauthentik.io/sign_out">cats</a>`, {
          headers: { "content-type": "text/html" },
        }),
    });

    await page.goto(`http://evil.localhost:${evil.port}/`);
    await page.click("text=cats");
    const question = await page.textContent("h1");
    const sessions = await stack.metric("akproxy_sessions");
    await page.click('button:has-text("Sign out")');
    await page.waitForURL(`${stack.issuer.issuer}/session/end?**`);
    await evil.stop(true);

    expect(question).toBe("Sign out?");
    expect(sessions).toBe(1);
    expect(await stack.metric("akproxy_sessions")).toBe(0);
    expect(errors).toEqual([]);
  }, 30_000);
}
