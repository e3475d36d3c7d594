import { afterAll, describe, expect, test } from "bun:test";
import type { HeaderLines } from "../../src/core/http/header-lines.ts";
import { header, headerValues, type RawAnswer } from "../fakes/raw-client.ts";
import { type Ask, startGuardedApp } from "./guarded-app.ts";

const app = await startGuardedApp({ provider: 'skip_path_regex = ["^/public"]' }, ({ target }) =>
  target.startsWith("/public/down") ? { status: 302, headers: [["Location", "http://127.0.0.1:1/elsewhere"]] } : {},
);
afterAll(() => app.stop());

const html: HeaderLines = [
  ["Accept", "text/html"],
  ["Sec-Fetch-Dest", "document"],
  ["Sec-Fetch-Mode", "navigate"],
];

/** Every kind of answer of akproxy itself: name, target, the rest of the request, status. */
const ours: readonly (readonly [string, string, Ask, number])[] = [
  ["the redirect to start", "/x", {}, 302],
  ["start", "/outpost.goauthentik.io/start", {}, 302],
  ["401 as JSON", "/x", { headers: [["Accept", "application/json"]] }, 401],
  ["401 as text", "/x", { method: "POST", headers: [["Content-Length", "0"]] }, 401],
  ["401 for a credential", "/x", { headers: [["Authorization", "Bearer x"]] }, 401],
  ["ping", "/outpost.goauthentik.io/ping", {}, 204],
  ["a callback without parameters", "/outpost.goauthentik.io/callback", { headers: html }, 400],
  ["an unknown callback", "/outpost.goauthentik.io/callback?code=a&state=b", {}, 302],
  ["an unknown callback with an error", "/outpost.goauthentik.io/callback?error=a&state=b", { headers: html }, 400],
  [
    "a callback by POST",
    "/outpost.goauthentik.io/callback",
    { method: "POST", headers: [["Content-Length", "0"]] },
    405,
  ],
  ["signed out", "/outpost.goauthentik.io/sign_out", { headers: html }, 200],
  [
    "the sign-out question",
    "/outpost.goauthentik.io/sign_out",
    { as: "alice", headers: [["Sec-Fetch-Site", "cross-site"]] },
    200,
  ],
  ["sign-out by DELETE", "/outpost.goauthentik.io/sign_out", { method: "DELETE" }, 405],
  ["an unknown host", "/x", { host: "other.test", headers: html }, 400],
  ["an unknown host for a program", "/x", { host: "other.test", headers: [["Accept", "application/json"]] }, 400],
  ["a malformed Host", "/x", { host: "a@b", headers: html }, 400],
  ["a # in the target", "/x#y", { headers: html }, 400],
  ["a target that is too long", `/${"x".repeat(9000)}`, {}, 414],
  ["TRACE", "/x", { method: "TRACE" }, 501],
];

async function answerTo(target: string, more: Ask): Promise<RawAnswer> {
  return await app.ask(target, more);
}

describe("every answer of akproxy itself", () => {
  test.each(ours)("%s: FWD-16, LEAK-02, LEAK-03, XSS-02", async (_name, target, more, status) => {
    const answer = await answerTo(target, more);

    expect(answer.status).toBe(status);
    expect(header(answer, "cache-control")).toBe("no-store");
    expect(header(answer, "referrer-policy")).toBe("no-referrer");
    expect(header(answer, "x-content-type-options")).toBe("nosniff");
    expect(headerValues(answer, "etag")).toEqual([]);
    expect(headerValues(answer, "server")).toEqual([]);
    expect(headerValues(answer, "x-powered-by")).toEqual([]);
    if (answer.body !== "")
      expect(header(answer, "content-type")).toMatch(
        /^(text\/html; charset=utf-8|application\/json|text\/plain; charset=utf-8)$/,
      );
  });

  test.each(ours)(
    "%s: LEAK-04, LEAK-07: holds neither token, upstream, path on disk nor stack",
    async (_name, target, more) => {
      const { body, headers } = await answerTo(target, more);
      const text = `${body}\n${headers.map(([name, value]) => `${name}: ${value}`).join("\n")}`;

      expect(text).not.toMatch(
        /eyJ[A-Za-z0-9_-]{10,}\.|toy-client-secret|\bat .*\.ts\b|\/src\/|node_modules|[A-Za-z]*Error:/,
      );
      expect(text).not.toContain(app.upstream.hostAndPort);
      expect(text).not.toContain(app.stack.stateDir);
    },
  );

  test.each([["/x"], ["/x#y"], ["/outpost.goauthentik.io/callback"], ["/outpost.goauthentik.io/sign_out"]])(
    "LEAK-04: a HEAD of %s has the status of its GET and no body",
    async (target) => {
      const [get, head] = [
        await app.ask(target, { headers: html }),
        await app.ask(target, { method: "HEAD", headers: html }),
      ];

      expect(head.body).toBe("");
      expect([get.status, 405]).toContain(head.status);
      expect(header(head, "cache-control")).toBe("no-store");
    },
  );
});

describe("XSS-01: parts of a request are shown as text", () => {
  const attack = "\"><svg/onload=alert(1)>'";
  const encoded = encodeURIComponent(attack);

  test.each([
    ["error_description", `/outpost.goauthentik.io/callback?error=${encoded}&error_description=${encoded}&state=a`, {}],
    ["state", `/outpost.goauthentik.io/callback?error=x&state=${encoded}`, {}],
    ["rd", `/outpost.goauthentik.io/sign_out?rd=${encoded}`, {}],
    ["path", `/${attack}#`, {}],
    ["host", "/x", { host: 'a"><svg>.test' }],
    ["forwarded host", "/x", { headers: [["X-Forwarded-Host", 'a"><svg>.test']] }],
    ["unknown host", "/x", { host: "svg.onload.test" }],
    ["request id", "/x#", { headers: [["X-Request-Id", attack]] }],
    ["method", "/outpost.goauthentik.io/sign_out", { method: "PATCH" }],
    ["user agent", "/x#", { headers: [["User-Agent", attack]] }],
  ] as const)("%s as a page, as JSON and as text", async (_where, target, more) => {
    for (const accept of [html, [["Accept", "application/json"]] as const, []]) {
      const headers = [...accept, ...("headers" in more ? more.headers : [])];
      const answer = await app.ask(target, { ...more, headers });
      if (answer.status === 0 || answer.status === 302) continue;

      const isPage = header(answer, "content-type").startsWith("text/html");
      expect(header(answer, "content-security-policy")).toStartWith("default-src 'none'");
      expect(header(answer, "content-security-policy")).toContain("frame-ancestors 'none'");
      if (isPage) expect(answer.body).not.toMatch(/<svg\/?\s?onload|"><svg>/i);
    }
  });

  test("a page allows no script and no inline style but its own", async () => {
    const answer = await app.ask("/outpost.goauthentik.io/callback", { headers: html });

    const policy = header(answer, "content-security-policy");
    expect(policy).toMatch(/style-src 'sha256-[A-Za-z0-9+/=]+'/);
    expect(policy).not.toMatch(/unsafe|script-src|\*/);
    expect(answer.body).not.toMatch(/<script|\son[a-z]+=|style="/i);
  });

  test("a name from claims is escaped on the page that refuses it", async () => {
    const name = '"><svg onload=alert(1)>';
    const strict = await startGuardedApp({
      users: { alice: { preferred_username: name, email: `${name}@x`, groups: [] } },
      top: "",
      provider: '[providers.app.allow]\ngroups = ["ops"]',
    });

    const answer = await strict.ask("/x", { as: "alice", headers: html });
    await strict.stop();

    expect(answer.status).toBe(403);
    expect(answer.body).toContain("&lt;svg");
    expect(answer.body).not.toContain("<svg onload");
    expect(strict.upstream.requests).toEqual([]);
  });
});

test("M2M-05: a credential that was not verified gives no identity", async () => {
  for (const credential of [
    "Bearer x",
    "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.",
    "Basic YWxpY2U6",
    "Basic x",
    "bearer",
  ]) {
    const { answer, seen } = await app.pass("/x", { headers: [["Authorization", credential]] });

    expect(answer.status).toBe(401);
    expect(header(answer, "www-authenticate")).not.toBe("");
    expect(header(answer, "location")).toBe("");
    expect(seen).toBeNull();
  }
});

test("LEAK-06: secrets are compared with timingSafeEqual only", async () => {
  const compared = await Promise.all(
    [...new Bun.Glob("seal/*.ts").scanSync("src")].map(
      async (file) => [file, await Bun.file(`src/${file}`).text()] as const,
    ),
  );

  expect(compared.filter(([, text]) => text.includes("timingSafeEqual")).map(([file]) => file)).toEqual([
    "seal/digest.ts",
  ]);
  expect(
    compared.filter(([, text]) => /\b(mac|tag|digest|signature)\b\s*[!=]==/i.test(text)).map(([file]) => file),
  ).toEqual([]);
});
