import { describe, expect, test } from "bun:test";
import { failureStatus } from "../../../src/core/failure.ts";
import { failurePage } from "../../../src/http/pages/failure-page.ts";
import { loginRequired, notAllowed } from "../../../src/http/pages/login-pages.ts";
import { page } from "../../../src/http/pages/page.ts";
import type { PageRequest } from "../../../src/http/pages/page-spec.ts";
import { signedOut, signOutConfirm } from "../../../src/http/pages/sign-out-pages.ts";
import { codes, everyPage, header, request, startUrl } from "./every-page.ts";

describe("the text of pages", () => {
  test.each(codes)("failure %s has a page with its status and code, a title, what happened and what to do", (code) => {
    const spec = failurePage(code, { request, startUrl, issuerAnswer: null });

    expect(spec.status).toBe(failureStatus[code]);
    expect(spec.code).toBe(code);
    expect(spec.title).toMatch(/^[A-Z].*[^.]$/);
    expect(spec.happened).toMatch(/^[A-Z].*\.$/);
    expect(spec.advice).toMatch(/^[A-Z].*\.$/);
  });

  test("no two failures share a title", () => {
    const titles = codes.map((code) => failurePage(code, { request, startUrl, issuerAnswer: null }).title);

    expect(new Set(titles).size).toBe(codes.length);
  });

  test.each(everyPage("plain"))("%s shows request id, code and the time in UTC", (_, spec) => {
    const html = page(spec, "html").body;
    const json = page(spec, "json").body;

    expect(html).toContain("<code>plain</code>");
    expect(html).toContain(`<code>${spec.code}</code>`);
    expect(html).toContain("<time>2026-11-24 06:00:00 UTC</time>");
    expect(JSON.parse(json).request_id).toBe("plain");
  });

  test.each(everyPage("plain"))("LEAK-07: %s names nothing of the inside", (_, spec) => {
    const bodies = (["html", "json", "text"] as const).map((wants) => page(spec, wants).body).join("\n");

    expect(bodies).not.toMatch(/stack|\bat .*\.ts|node_modules|internal_host|127\.0\.0\.1|localhost|sqlite|secret/i);
  });

  test("unknown host: the page says which host, from which header, and whether its sender is trusted", () => {
    const forwarded: PageRequest = { ...request, hostSource: "X-Forwarded-Host", peerIsTrusted: true };

    const untrusted = page(failurePage("no_provider_for_host", { request, startUrl, issuerAnswer: null }), "html").body;
    const trusted = page(
      failurePage("no_provider_for_host", { request: forwarded, startUrl, issuerAnswer: null }),
      "html",
    ).body;

    expect(untrusted).toContain("<dd>app.company</dd>");
    expect(untrusted).toContain("<dd>the Host header</dd>");
    expect(untrusted).toContain("an address outside trusted_proxies: forwarded headers were ignored");
    expect(trusted).toContain("<dd>the X-Forwarded-Host header</dd>");
    expect(trusted).toContain("a trusted proxy: its forwarded headers count");
  });

  test("unknown host: programs get authentik's JSON, tab-indented, also when they want text", () => {
    const spec = failurePage("no_provider_for_host", { request, startUrl, issuerAnswer: null });

    const expected = `{
	"Message": "no app for hostname",
	"Host": "app.company",
	"Detail": "Check the outpost settings and make sure 'app.company' is included.",
	"request_id": "req-1"
}
`;
    expect(page(spec, "json").body).toBe(expected);
    expect(page(spec, "text").body).toBe(expected);
    expect(header(page(spec, "text").headers, "content-type")).toBe("application/json");
  });

  test("denied at the issuer: its error and description are shown, shortened to 300 characters", () => {
    const answer = { error: "access_denied", description: "x".repeat(500) };

    const spec = failurePage("login_denied", { request, startUrl, issuerAnswer: answer });

    expect(spec.facts).toEqual([
      { label: "Its answer", value: "access_denied" },
      { label: "Its reason", value: `${"x".repeat(299)}…` },
    ]);
  });

  test("denied at the issuer without a description shows no empty row", () => {
    const spec = failurePage("login_denied", {
      request,
      startUrl,
      issuerAnswer: { error: "login_required", description: "" },
    });

    expect(spec.facts).toEqual([{ label: "Its answer", value: "login_required" }]);
  });

  test("the loop breaker names the cookie, http, the host and the clock", () => {
    const body = page(failurePage("login_loop", { request, startUrl, issuerAnswer: null }), "html").body;

    expect(body).toMatch(/did not return the cookie[\s\S]*over http\.[\s\S]*cookie_domain[\s\S]*clock/);
    expect(body).toContain('href="/outpost.goauthentik.io/start"');
  });

  test("refused by allow: who, which application, and a way to another account", () => {
    const spec = notAllowed({
      request,
      username: "bob",
      email: "bob@company",
      application: "Grafana",
      remarks: ["groups_left_out", "email_not_verified"],
      switchUrl: "/switch",
    });

    const { status, body } = page(spec, "html");

    expect(status).toBe(403);
    expect(body).toContain("<dd>bob (bob@company)</dd>");
    expect(body).toContain("<dd>Grafana</dd>");
    expect(body).toContain("<dd>left out by the identity provider, because they are too many for a token</dd>");
    expect(body).toContain("<dd>not verified by the identity provider</dd>");
    expect(body).toContain('<a class="button" href="/switch">Use another account</a>');
  });

  test("401: programs get JSON with the login's URL and every challenge, also when they want text", () => {
    const spec = loginRequired({
      request,
      loginUrl: "https://app.company/outpost.goauthentik.io/start?rd=%2Fa",
      challenges: ["Bearer", 'Basic realm="app"'],
    });

    const answer = page(spec, "text");

    expect(answer.status).toBe(401);
    expect(answer.headers.filter(([name]) => name === "www-authenticate")).toEqual([
      ["www-authenticate", "Bearer"],
      ["www-authenticate", 'Basic realm="app"'],
    ]);
    expect(JSON.parse(answer.body)).toEqual({
      error: "login_required",
      message: "This request has no session, and it cannot be redirected to a sign-in page.",
      hint: "Sign in, then do it again.",
      request_id: "req-1",
      login_url: "https://app.company/outpost.goauthentik.io/start?rd=%2Fa",
    });
  });

  test("every 503 says when to ask again", () => {
    const retryAfter = codes
      .filter((code) => failureStatus[code] === 503)
      .map((code) =>
        header(page(failurePage(code, { request, startUrl, issuerAnswer: null }), "json").headers, "retry-after"),
      );

    expect(retryAfter).toEqual(["10", "10", "10", "10"]);
  });

  test("sign-out is confirmed by a POST form with its fields", () => {
    const spec = signOutConfirm({
      request,
      action: "/outpost.goauthentik.io/sign_out",
      fields: [["token", "t"]],
      targets: [],
    });

    expect(page(spec, "html").body).toContain(
      '<form method="post" action="/outpost.goauthentik.io/sign_out"><input type="hidden" name="token" value="t"><button class="button" type="submit">Sign out</button></form>',
    );
  });

  test("plain text: title, what happened, what to do, the link and the reference", () => {
    expect(page(signedOut({ request, startUrl }), "text").body).toBe(`You are signed out

No session of yours is left in this browser.
On a shared computer, close the browser too.

Sign in again: /outpost.goauthentik.io/start

signed_out · req-1 · 2026-11-24 06:00:00 UTC
`);
  });
});
