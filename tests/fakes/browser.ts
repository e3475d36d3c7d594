import { type CookieJar, cookieJar } from "./cookie-jar.ts";

/** One answer with its body. `location` is absolute; `hops` are the URLs that led here, this one last. */
export interface Page {
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly location: string | null;
  readonly hops: readonly string[];
}

export interface BrowserOptions {
  /** Host (`app.test` or `app.test:8443`) -> where to connect: `127.0.0.1:PORT`, or an origin to change the scheme, too. The Host header stays. */
  readonly resolve?: Readonly<Record<string, string>>;
  /** Sent with every request, over those of a navigation. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Decides by the URL and the Set-Cookie value whether the browser drops a cookie. */
  readonly loses?: (url: URL, setCookie: string) => boolean;
}

export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>; // over all others; "" leaves one out
  /** A redirect to such a URL is not followed: it is the answer. */
  readonly stopBefore?: (url: string) => boolean;
}

/** A form of a page, as `formOf` reads it: the action is absolute, fields are its hidden inputs. */
export interface Form {
  readonly action: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** A cookie-keeping browser without script: each method is one navigation. Names under `.localhost` are 127.0.0.1. */
export interface Browser {
  readonly cookies: CookieJar;
  /** One request; a redirect is an answer. */
  get(url: string, options?: RequestOptions): Promise<Page>;
  /** Follows redirects, across hosts too, until another answer. */
  follow(url: string, options?: RequestOptions): Promise<Page>;
  /** Posts a form's fields with `fields` over them, then follows. */
  submit(form: Form, fields?: Readonly<Record<string, string>>, options?: RequestOptions): Promise<Page>;
}

const navigation: Readonly<Record<string, string>> = {
  accept: "text/html,application/xhtml+xml,*/*;q=0.8",
  "sec-fetch-mode": "navigate",
  "sec-fetch-dest": "document",
  "sec-fetch-site": "none",
  "user-agent": "test browser",
};

/** A browser with an empty cookie jar. */
export function createBrowser(setup: BrowserOptions = {}): Browser {
  const cookies = cookieJar();

  async function send(url: string, options: RequestOptions, body: URLSearchParams | null): Promise<Page> {
    const asked = new URL(url);
    const response = await fetch(connectTo(asked, setup.resolve ?? {}), {
      method: body === null ? "GET" : "POST",
      headers: headersFor(asked, cookies, [navigation, setup.headers ?? {}, options.headers ?? {}]),
      body,
      redirect: "manual",
      tls: { rejectUnauthorized: false, serverName: asked.hostname }, // the name, though it connects elsewhere (RFC 6066 3)
    });
    for (const setCookie of response.headers.getSetCookie()) {
      if (setup.loses?.(asked, setCookie) !== true) cookies.set(asked, setCookie);
    }
    const location = response.headers.get("location");
    return {
      url,
      status: response.status,
      headers: response.headers,
      text: await response.text(),
      location: location === null ? null : new URL(location, asked).href,
      hops: [url],
    };
  }

  async function chase(first: Page, options: RequestOptions): Promise<Page> {
    let page = first;
    for (;;) {
      const hops = page.hops;
      if (hops.length > 20) throw new Error(`redirect loop: ${hops.join(" -> ")}`);
      const next = await step(page, options);
      if (next === null) return page;
      page = { ...next, hops: [...hops, next.url] };
    }
  }

  /** The URL that a browser opens by itself after `page`: a redirect, or oidc-provider's page whose script sends its form at once. */
  async function step(page: Page, options: RequestOptions): Promise<Page | null> {
    if (page.status >= 300 && page.status < 400 && page.location !== null) {
      return options.stopBefore?.(page.location) === true ? null : send(page.location, options, null);
    }
    if (!page.text.includes("document.forms[0].submit()")) return null;
    const form = formOf(page);
    return send(form.action, options, new URLSearchParams(form.fields));
  }

  return {
    cookies,
    get: (url, options = {}) => send(url, options, null),
    follow: async (url, options = {}) => chase(await send(url, options, null), options),
    submit: async (form, fields = {}, options = {}) =>
      chase(await send(form.action, options, new URLSearchParams({ ...form.fields, ...fields })), options),
  };
}

function connectTo(asked: URL, resolve: Readonly<Record<string, string>>): string {
  const target = new URL(asked);
  const to = resolve[asked.host] ?? resolve[asked.hostname];
  if (to !== undefined) {
    const origin = new URL(to.includes("://") ? to : `${asked.protocol}//${to}`);
    target.protocol = origin.protocol;
    target.host = origin.host;
  } else if (target.hostname.endsWith(".localhost")) target.hostname = "127.0.0.1";
  return target.href;
}

function headersFor(asked: URL, cookies: CookieJar, layers: readonly Readonly<Record<string, string>>[]): Headers {
  const headers = new Headers({ host: asked.host });
  const cookie = cookies.headerFor(asked);
  if (cookie !== "") headers.set("cookie", cookie);
  for (const [name, value] of layers.flatMap((layer) => Object.entries(layer))) {
    if (value === "") headers.delete(name);
    else headers.set(name, value);
  }
  return headers;
}

/** The first form of a page. */
export function formOf(page: Page): Form {
  const form = /<form\b[^>]*\baction="([^"]*)"[^>]*>/.exec(page.text);
  if (form === null) throw new Error(`no form at ${page.url} (${page.status}): ${page.text.slice(0, 300)}`);
  const inputs = [...page.text.matchAll(/<input\b[^>]*\btype="hidden"[^>]*>/g)].map(([input]) => [
    unescaped(/\bname="([^"]*)"/.exec(input)?.[1] ?? ""),
    unescaped(/\bvalue="([^"]*)"/.exec(input)?.[1] ?? ""),
  ]);
  return { action: new URL(unescaped(form[1] ?? ""), page.url).href, fields: Object.fromEntries(inputs) };
}

function unescaped(text: string): string {
  return text
    .replace(/&#(\d+);/g, (_all, code: string) => String.fromCharCode(Number(code)))
    .replace(/&quot;/g, '"')
    .replace(/&lt;/g, "<")
    .replace(/&gt;/g, ">")
    .replace(/&amp;/g, "&");
}

/** Is this the toy issuer's login page? */
export function isToyLogin(page: Page): boolean {
  return page.text.includes("Who are you?");
}

/** Presses "Continue as …" on the toy issuer's login page and follows the redirects. */
export function continueAs(browser: Browser, login: Page, subject: string): Promise<Page> {
  return browser.submit(formOf(login), { user: subject });
}

/** Presses "Cancel" on the toy issuer's login page and follows the redirects: error=access_denied. */
export function cancelLogin(browser: Browser, login: Page): Promise<Page> {
  return browser.submit(formOf(login), { cancel: "1" });
}

/** Opens `startUrl`, and logs in as `subject` if the toy issuer asks; it does not ask a browser that has a session there (SSO). */
export async function loginAs(browser: Browser, startUrl: string, subject: string): Promise<Page> {
  const page = await browser.follow(startUrl);
  return isToyLogin(page) ? continueAs(browser, page, subject) : page;
}

/** Confirms the sign-out at the toy issuer. */
export function confirmSignOut(browser: Browser, question: Page): Promise<Page> {
  return browser.submit(formOf(question), { logout: "yes" });
}
