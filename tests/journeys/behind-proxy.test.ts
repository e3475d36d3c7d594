import { afterEach, expect, test } from "bun:test";
import { loginAs } from "../fakes/browser.ts";
import { type Stack, startStack } from "./stack.ts";

let stack: Stack;
afterEach(() => stack.stop());

const forwarded = { "x-forwarded-host": "app.test", "x-forwarded-proto": "https", "x-forwarded-for": "198.51.100.7" };

test("behind a proxy that ends TLS and changes Host, a login works by X-Forwarded-Host and -Proto, and the application is told them", async () => {
  stack = await startStack({ externalHost: "https://app.test" });
  const front = startFront(stack.port);
  const browser = stack.browser({ resolve: { "app.test": front.url.origin } });

  const page = await loginAs(browser, "https://app.test/deep?x=1", "alice");
  const seen = await browser.get("https://app.test/json");
  await front.stop(true);

  const { headers } = JSON.parse(seen.text);
  expect([page.url, page.status]).toEqual(["https://app.test/deep?x=1", 200]);
  expect(headers["x-authentik-username"]).toBe("alice");
  expect(headers["x-forwarded-proto"]).toBe("https");
  expect(headers["x-forwarded-host"]).toBe("app.test");
  expect(headers["x-forwarded-for"]).toBe("198.51.100.7, 127.0.0.1");
});

/** A reverse proxy that ends TLS: akproxy sees its own name as Host, and the client's facts in X-Forwarded-*. */
function startFront(port: number) {
  return Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request) {
      const { pathname, search } = new URL(request.url);
      const headers = new Headers({
        ...Object.fromEntries(request.headers),
        ...forwarded,
        host: "akproxy.internal:9000",
      });
      return fetch(`http://127.0.0.1:${port}${pathname}${search}`, {
        method: request.method,
        headers,
        redirect: "manual",
      });
    },
  });
}

test("forwarded headers of a sender that is not trusted count for nothing and reach nobody", async () => {
  stack = await startStack({ listen: "trusted_proxies = []" });

  const elsewhere = await stack.send("/", { headers: { ...forwarded, host: "akproxy.internal:9000" } });
  const browser = stack.browser({ headers: { ...forwarded, "x-forwarded-host": "evil.test" } });
  await loginAs(browser, "http://app.test/", "alice");
  const seen = await browser.get("http://app.test/json");

  const { headers } = JSON.parse(seen.text);
  expect(elsewhere.status).toBe(400);
  expect(headers["x-forwarded-host"]).toBe("app.test");
  expect(headers["x-forwarded-proto"]).toBe("http");
  expect(headers["x-forwarded-for"]).toBe("127.0.0.1");
  expect(stack.logLines.filter(({ event }) => event === "request").map(({ client }) => client)).not.toContain(
    "198.51.100.7",
  );
});

test("an unknown host is 400: authentik's JSON for programs, a page that names host and header for browsers", async () => {
  stack = await startStack();

  const program = await stack.send("/", { headers: { host: "nobody.test", accept: "application/json" } });
  const page = await stack.send("/", {
    headers: { host: "akproxy.internal", "x-forwarded-host": "nobody.test", accept: "text/html" },
  });

  const { request_id, ...body } = JSON.parse(await program.text());
  const text = await page.text();
  expect([program.status, page.status]).toEqual([400, 400]);
  expect(request_id).toMatch(/^[0-9a-f]{16}$/);
  expect(Object.keys(body).sort()).toEqual(["Detail", "Host", "Message"]);
  expect(body["Host"]).toBe("nobody.test");
  expect(text).toContain("nobody.test");
  expect(text).toContain("X-Forwarded-Host");
});
