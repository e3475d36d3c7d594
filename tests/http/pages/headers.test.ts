import { describe, expect, test } from "bun:test";
import { notFound } from "../../../src/http/pages/not-found-pages.ts";
import { page } from "../../../src/http/pages/page.ts";
import { signOutConfirm } from "../../../src/http/pages/sign-out-pages.ts";
import { everyPage, header, request } from "./every-page.ts";

describe("headers", () => {
  const wanted = ["html", "json", "text"] as const;

  test.each(everyPage("calm"))("FWD-16, LEAK-02, LEAK-03, XSS-02: %s has them in every form", (_, spec) => {
    for (const wants of wanted) {
      const { headers } = page(spec, wants);

      expect(header(headers, "cache-control")).toBe("no-store");
      expect(header(headers, "referrer-policy")).toBe("no-referrer");
      expect(header(headers, "x-content-type-options")).toBe("nosniff");
      expect(header(headers, "x-robots-tag")).toBe("noindex");
    }
  });

  test.each(everyPage("calm"))(
    "XSS-01: the policy of %s admits the style in its body and nothing else",
    async (name, spec) => {
      const { headers, body } = page(spec, "html");

      const style = /<style>([\s\S]*?)<\/style>/.exec(body)?.[1] ?? "";
      const digest = Buffer.from(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(style))).toString(
        "base64",
      );
      const formAction = name === "sign_out_confirm" ? "'self'" : "'none'";
      expect(style.length).toBeGreaterThan(1000);
      expect(header(headers, "content-security-policy")).toBe(
        `default-src 'none'; style-src 'sha256-${digest}'; img-src data:; form-action ${formAction}; frame-ancestors 'none'; base-uri 'none'`,
      );
      expect(body).not.toMatch(/<script|\sstyle=|\son[a-z]+=|url\(|@import/i);
    },
  );

  test("JSON and text are admitted nothing at all", () => {
    const policies = (["json", "text"] as const).map((wants) =>
      header(page(notFound(request), wants).headers, "content-security-policy"),
    );

    expect(policies).toEqual([
      "default-src 'none'; frame-ancestors 'none'",
      "default-src 'none'; frame-ancestors 'none'",
    ]);
  });

  test.each([
    ["html", "text/html; charset=utf-8"],
    ["json", "application/json"],
    ["text", "text/plain; charset=utf-8"],
  ] as const)("%s is sent as %s", (wants, type) => {
    expect(header(page(notFound(request), wants).headers, "content-type")).toBe(type);
  });

  test("a form's targets are in form-action, and values that are not an origin or a scheme are left out", () => {
    const spec = signOutConfirm({
      request,
      action: "/o",
      fields: [],
      targets: [
        "https://idp.company:8443",
        "http://[::1]:9000",
        "https:",
        "x; script-src *",
        "https://a b",
        "*",
        "https://a/b",
      ],
    });

    expect(header(page(spec, "html").headers, "content-security-policy")).toContain(
      "; form-action 'self' https://idp.company:8443 http://[::1]:9000 https:; frame-ancestors",
    );
  });
});
