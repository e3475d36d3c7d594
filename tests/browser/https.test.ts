import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Browser } from "playwright-core";
import { freePort } from "../fakes/free-port.ts";
import { type Stack, startStack } from "../journeys/stack.ts";
import { findChromium, leftOut, openPage, startChromium } from "./chromium.ts";

const executable = findChromium();

if (executable === null) {
  leftOut("the login over https in a real browser");
} else {
  let stack: Stack;
  let chromium: Browser;
  let home: string;

  beforeAll(async () => {
    const httpsPort = freePort();
    home = `https://app.localhost:${httpsPort}/`;
    stack = await startStack({ externalHost: `https://app.localhost:${httpsPort}`, httpsPort });
    chromium = await startChromium(executable);
  }, 30_000);
  afterAll(async () => {
    await chromium.close();
    await stack.stop();
  });

  test("CK-01: over https with the self-signed certificate a real browser keeps the __Host- cookies, logs in and out, and uses wss", async () => {
    const { page, errors } = await openPage(chromium);

    await page.goto(home);
    await page.click("text=Continue as Bob");
    await page.waitForURL(home);
    await page.waitForFunction(() => document.querySelector(".log")?.textContent?.includes("connected"));
    const cookies = await page.context().cookies(home);
    const greeting = await page.textContent("h1");
    await page.click("text=Sign out");
    await page.waitForURL(`${stack.issuer.issuer}/session/end?**`);
    const left = await page.context().cookies(home);

    expect(greeting).toBe("Hello, Bob Example");
    expect(
      cookies.map(({ name, secure, httpOnly, sameSite, domain, path }) => ({
        name,
        secure,
        httpOnly,
        sameSite,
        domain,
        path,
      })),
    ).toEqual([
      {
        name: "__Host-akproxy_app",
        secure: true,
        httpOnly: true,
        sameSite: "Lax",
        domain: "app.localhost",
        path: "/",
      },
    ]);
    expect(left).toEqual([]);
    expect(await stack.metric("akproxy_sessions")).toBe(0);
    expect(errors).toEqual([]);
  }, 30_000);
}
