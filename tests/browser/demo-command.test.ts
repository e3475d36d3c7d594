import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Browser } from "playwright-core";
import { freePort } from "../fakes/free-port.ts";
import { startAkproxy } from "../fakes/run-akproxy.ts";
import { findChromium, leftOut, openPage, startChromium } from "./chromium.ts";

const executable = findChromium();

if (executable === null) {
  leftOut("akproxy demo in a real browser");
} else {
  const port = freePort();
  const home = `http://localhost:${port}/`;
  let chromium: Browser;
  let demo: ReturnType<typeof startDemo>;

  const startDemo = () => startAkproxy(["demo", "--port", String(port)], { env: { NO_COLOR: "1" } });

  beforeAll(async () => {
    demo = startDemo();
    const decoder = new TextDecoder();
    let printed = "";
    for await (const chunk of demo.stdout) {
      printed += decoder.decode(chunk, { stream: true });
      if (printed.includes("Ctrl-C")) break;
    }
    chromium = await startChromium(executable);
  }, 30_000);
  afterAll(async () => {
    await chromium.close();
    demo.kill("SIGINT");
    await demo.exited;
  });

  test("akproxy demo: log in as Alice, see the headers, sign out at both, and be asked again", async () => {
    const { page, errors } = await openPage(chromium);

    await page.goto(home);
    await page.click("text=Continue as Alice");
    await page.waitForURL(home);
    const greeting = await page.textContent("h1");
    const headers = await page.locator("tr.ours").count();
    await page.click('button[name="send"]:enabled');
    await page.waitForFunction(() => document.querySelector(".log")?.textContent?.includes("← hello"));
    await page.click("text=Sign out");
    await page.click("text=Yes, sign me out");
    await page.waitForURL(`${home}outpost.goauthentik.io/sign_out`);
    const end = await page.textContent("h1");
    await page.click("text=Sign in again");
    await page.waitForSelector("text=Continue as Alice");

    expect(greeting).toBe("Hello, Alice Example");
    expect(headers).toBe(12);
    expect(end).toBe("You are signed out");
    expect(await page.textContent("h1")).toBe("Who are you?");
    expect(errors).toEqual([]);
  }, 30_000);
}
