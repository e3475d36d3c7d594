import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { type EchoApp, startEchoApp } from "../../src/demo/echo-app.ts";
import { findChromium, leftOut, startChromium } from "../browser/chromium.ts";
import { freePort } from "../fakes/free-port.ts";
import { startGuard } from "./guard.ts";
import { startReal } from "./harness.ts";
import { isHere, type ProgramName } from "./programs.ts";

const executable = findChromium();
const programs = (["nginx", "caddy"] as const).filter(isHere);
const others = (["haproxy", "apache", "traefik", "envoy"] as const).filter(isHere);
const ways = [
  ...programs.map((program) => [program, "http"] as const),
  ...[...programs, ...others].map((program) => [program, "https"] as const),
];

if (executable === null) {
  leftOut("a real browser through nginx and Caddy");
} else if (programs.length > 0) {
  let chromium: Browser;
  let echo: EchoApp;
  beforeAll(async () => {
    chromium = await startChromium(executable);
    echo = startEchoApp({ port: 0 });
  }, 30_000);
  afterAll(async () => {
    await chromium.close();
    await echo.close();
  });

  test.each(ways)(
    "a real browser through %s over %s logs in, keeps its deep link, talks over a WebSocket and signs out",
    async (program, scheme) => {
      await through(program, { slug: "app", host: "app.localhost", scheme }, async (page, port) => {
        const home = `${scheme}://app.localhost:${port}/`;

        await page.goto(`${home}reports?year=2026&name=a%2Fb&note=x`);
        const asked = await page.textContent("h1");
        await page.click("text=Continue as Alice");
        await page.waitForURL(`${home}reports?year=2026&name=a%2Fb&note=x`);
        const greeting = await page.textContent("h1");
        const rows = await page.locator("tr.ours").allTextContents();
        await page.fill('input[name="message"]', "over the wire");
        await page.click('button[name="send"]:enabled');
        await page.waitForFunction(() => document.querySelector(".log")?.textContent?.includes("← over the wire"));
        await page.click("text=Sign out");
        await page.click("text=Yes, sign me out");
        await page.waitForLoadState();
        await page.goto(home);

        expect(asked).toBe("Who are you?");
        expect(greeting).toBe("Hello, Alice Example");
        expect(rows).toContain("x-authentik-usernamealice");
        expect(rows).toContain("x-authentik-groupsadmins|staff");
        expect(rows.length).toBe(12);
        expect(await page.textContent("h1")).toBe("Who are you?");
        expect((await page.context().cookies(home)).map(({ name }) => name)).not.toContain(
          scheme === "https" ? "__Host-akproxy_app" : "akproxy_app",
        );
      });
    },
    30_000,
  );

  test.each(programs)(
    "a real browser through %s logs in once for two hosts of a domain",
    async (program) => {
      await through(program, { slug: "corp", host: "a.corp.localhost", scheme: "http" }, async (page, port) => {
        await page.goto(`http://a.corp.localhost:${port}/first?x=1&y=2`);
        await page.click("text=Continue as Bob");
        await page.waitForURL(`http://a.corp.localhost:${port}/first?x=1&y=2`);
        const first = await page.textContent("h1");
        await page.goto(`http://b.corp.localhost:${port}/second`);
        const second = await page.textContent("h1");

        expect([first, second]).toEqual(["Hello, Bob Example", "Hello, Bob Example"]);
      });
    },
    30_000,
  );

  async function through(
    name: ProgramName,
    { slug, host, scheme }: { readonly slug: string; readonly host: string; readonly scheme: "http" | "https" },
    visit: (page: Page, port: number) => Promise<void>,
  ) {
    const port = freePort();
    const guard = await startGuard({ scheme, domain: "localhost", port: `:${port}` });
    const real = await startReal(name, guard, { slug, host, port, upstream: echo.url });
    const context = await chromium.newContext({ ignoreHTTPSErrors: true });
    context.setDefaultTimeout(10_000);
    const page = await context.newPage();
    const errors: string[] = [];
    page.on("pageerror", ({ message }) => errors.push(message));
    try {
      await visit(page, port);
      expect(errors).toEqual([]);
    } finally {
      await context.close();
      await real.stop();
      await guard.stop();
    }
  }
}
