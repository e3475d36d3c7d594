import { type Browser, chromium, type Page } from "playwright-core";
import { isLeftOut } from "../fakes/left-out.ts";

/** Debian's chromium, or what other systems call it; null when there is none. */
export function findChromium(): string | null {
  return Bun.which("chromium") ?? Bun.which("chromium-browser") ?? Bun.which("google-chrome");
}

/** Prints which tests are left out because no browser is installed, so that none is skipped silently. */
export function leftOut(what: string): void {
  isLeftOut(what, 'chromium is not installed ("apt-get install chromium")');
}

/** Starts it without a window. Names under `.localhost` are loopback to it (RFC 6761 6.3); all other names do not resolve. */
export function startChromium(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE *.localhost, EXCLUDE localhost, EXCLUDE 127.0.0.1",
    ],
  });
}

/** A page of a browser without cookies that takes a self-signed certificate, and what went wrong on it: script errors, and what its CSP refused. */
export async function openPage(browser: Browser): Promise<{ readonly page: Page; readonly errors: readonly string[] }> {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("pageerror", ({ message }) => errors.push(message));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  return { page, errors };
}
