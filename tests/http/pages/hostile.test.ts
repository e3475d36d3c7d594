import { describe, expect, test } from "bun:test";
import { failurePage } from "../../../src/http/pages/failure-page.ts";
import { page } from "../../../src/http/pages/page.ts";
import { signedOut } from "../../../src/http/pages/sign-out-pages.ts";
import { everyPage, request, startUrl } from "./every-page.ts";

describe("hostile values", () => {
  const attacks = [
    '"><svg onload=alert(1)>',
    "'><script>alert(1)</script>",
    "</title></style><img src=x onerror=alert(1)>",
    "<!--",
    "&lt;svg onload=alert(1)&gt;",
  ];

  test.each(attacks)("XSS-01: %s stays text on every page", (attack) => {
    for (const [name, spec] of everyPage(attack)) {
      const { body } = page(spec, "html");
      const calm = page(everyPage("calm").find(([calmName]) => calmName === name)?.[1] ?? spec, "html").body;

      expect(body).not.toContain(attack);
      // A link that would point to the attack is left out whole; no tag comes in besides.
      expect(tagsOf(body).filter((tag) => !tagsOf(calm).includes(tag))).toEqual([]);
    }
  });

  test.each(attacks)("XSS-02: %s in JSON has no < > & and parses back", (attack) => {
    for (const [, spec] of everyPage(attack)) {
      const { body } = page(spec, "json");

      expect(body).not.toMatch(/[<>&]/);
      expect(JSON.parse(body).request_id).toBe(attack);
    }
  });

  test.each([
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,x",
    "//evil.example",
    "/\\evil.example",
    " /x",
    "/a\n/b",
  ])("XSS-01: a link to %p is left out", (href) => {
    const { body } = page(signedOut({ request, startUrl: href }), "html");

    expect(body).not.toContain("<a ");
    expect(body).not.toContain("evil.example");
  });

  test.each(["/a?b=c&d=e", "https://app.company/x", "http://localhost:9000/"])("a link to %p stays", (href) => {
    expect(page(signedOut({ request, startUrl: href }), "html").body).toContain(
      `href="${href.replace("&", "&amp;")}">Sign in again</a>`,
    );
  });

  test("a value cannot forge lines of the text form or turn its direction", () => {
    const answer = { error: "a\r\nsigned_out · forged", description: "\u202egnorw\u0000\u200b" };

    const { body } = page(failurePage("login_denied", { request, startUrl, issuerAnswer: answer }), "text");

    expect(body).toContain("Its answer: a\ufffd\ufffdsigned_out · forged\n");
    expect(body).toContain("Its reason: \ufffdgnorw\ufffd\ufffd\n");
  });
});

/** Every tag of `html` without the values of its attributes. */
function tagsOf(html: string): string[] {
  return [...html.matchAll(/<[!/a-zA-Z][^>]*>/g)].map(([tag]) => tag.replace(/"[^"]*"/g, '""'));
}
