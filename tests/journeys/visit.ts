import { type Browser, formOf, isToyLogin, loginAs, type Page } from "../fakes/browser.ts";
import type { Stack } from "./stack.ts";

export const app = "http://app.test/";
export const outpost = "http://app.test/outpost.goauthentik.io";

/** A new browser in which `subject` has logged in. */
export async function loggedIn(stack: Stack, subject: string): Promise<Browser> {
  const browser = stack.browser();
  const home = await loginAs(browser, app, subject);
  if (home.url !== app || home.status !== 200) throw new Error(`no login: ${home.status} at ${home.url}`);
  return browser;
}

/** Whom the application sees when this browser asks; null when the request did not reach it. */
export async function seenUser(browser: Browser, origin = "http://app.test"): Promise<string | null> {
  const page = await browser.get(`${origin}/json`);
  if (page.status !== 200) return null;
  return userOf(page.text);
}

/** Whom the application's JSON answer names. */
export function userOf(text: string): string {
  const seen: { readonly headers: Readonly<Record<string, string>> } = JSON.parse(text);
  return seen.headers["x-authentik-username"] ?? "";
}

/** Goes to `url` up to the issuer's login page. */
export async function toLoginPage(browser: Browser, url: string): Promise<Page> {
  const page = await browser.follow(url);
  if (!isToyLogin(page)) throw new Error(`no login page: ${page.status} at ${page.url}`);
  return page;
}

/**
 * The callback's URL that the issuer sends this browser to, not opened: what an attacker would steal, or a second tab still has.
 * With an issuer's session in the browser nobody is asked.
 */
export async function callbackOf(browser: Browser, startAt: string, subject: string): Promise<string> {
  const stopBefore = (url: string) => url.startsWith(`${outpost}/callback`);
  const first = await browser.follow(startAt, { stopBefore });
  const last = isToyLogin(first) ? await browser.submit(formOf(first), { user: subject }, { stopBefore }) : first;
  if (last.location === null) throw new Error(`no callback: ${last.status} at ${last.url}`);
  return last.location;
}
