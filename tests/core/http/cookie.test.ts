import { describe, expect, test } from "bun:test";
import {
  clearCookie,
  cookiePairs,
  cookieValues,
  isOurCookieName,
  setCookie,
  setCookieName,
  withoutCookies,
} from "../../../src/core/http/cookie.ts";
import type { HeaderLines } from "../../../src/core/http/header-lines.ts";
import type { CookieScope } from "../../../src/core/provider.ts";

const host: CookieScope = { name: "__Host-akproxy_app", domain: null, secure: true };
const domain: CookieScope = { name: "__Secure-akproxy_corp", domain: "corp.test", secure: true };
const plain: CookieScope = { name: "akproxy_app", domain: null, secure: false };

const cookie = (...values: string[]): HeaderLines => values.map((value) => ["Cookie", value]);

describe("cookiePairs", () => {
  test("reads pairs in order, from several lines in any case, with the value after the first `=` as sent", () => {
    const headers: HeaderLines = [
      ["cookie", 'a=1; b="2 3";c=x=y'],
      ["X-Cookie", "no=1"],
      ["COOKIE", "\td=%41%zz \t; e="],
    ];

    expect(cookiePairs(headers)).toEqual([
      ["a", "1"],
      ["b", '"2 3"'],
      ["c", "x=y"],
      ["d", "%41%zz"],
      ["e", ""],
    ]);
  });

  test.each([
    ["\u2000__Host-n=S"],
    ["\u00a0__Host-n=S"],
    ["\u00e2\u0080\u0080__Host-n=S"],
    ["\u000b__Host-n=S"],
    ["=__Host-n=S"],
    ["==__Host-n=S"],
    ["__Host-n"],
    ["__Host-n =S"],
    ["__host-n=S"],
    ["$Version=1; x=__Host-n=S"],
    ['"__Host-n"=S'],
    ["x=1, __Host-n=S"],
    ["__Host-%6e=S"],
  ])("CK-04: %j has no cookie named __Host-n", (line) => {
    expect(cookieValues(cookie(line), "__Host-n")).toEqual([]);
  });

  test("CK-04: quotes and $Version have no meaning: every text between semicolons is a cookie", () => {
    expect(cookiePairs(cookie('$Version=1; n="x; n=S"; $Path=/'))).toEqual([
      ["$Version", "1"],
      ["n", '"x'],
      ["n", 'S"'],
      ["$Path", "/"],
    ]);
  });

  test("CK-05: names of Object's properties are names like others", () => {
    const headers = cookie("__proto__=%7B%22x%22:1%7D; constructor=1; toString=2");

    expect(cookieValues(headers, "__proto__")).toEqual(["%7B%22x%22:1%7D"]);
    expect(cookieValues(headers, "x")).toEqual([]);
    expect(cookieValues(cookie("a=1"), "constructor")).toEqual([]);
  });

  test("CK-03: at most four cookies of one name are read, in order", () => {
    const headers = cookie("n=1; m=0; n=2", "n=3; n=4; n=5; n=6");

    expect(cookieValues(headers, "n")).toEqual(["1", "2", "3", "4"]);
  });

  test("SES-13: a cookie with a chunk counter is a cookie like others", () => {
    expect(cookieValues(cookie("n_chunks=99999999"), "n")).toEqual([]);
  });

  test("CK-06: 10,000 random Cookie headers never throw, and no pair has an empty name, `;` or blank at its ends", () => {
    let seed = 1;
    const random = (below: number) => {
      seed = (seed * 48271) % 2147483647;
      return seed % below;
    };
    const alphabet = ["=", ";", " ", "\t", '"', "%", "$", ",", "a", "\0", "\n", "\u00ff", "\u2000", "__Host-", "\\"];
    const bad: string[] = [];

    for (let round = 0; round < 10_000; round++) {
      const text = Array.from({ length: random(40) }, () => alphabet[random(alphabet.length)]).join("");
      for (const [name, value] of cookiePairs(cookie(text))) {
        if (name === "" || /[;=]/.test(name) || /;/.test(value) || /^[ \t]/.test(name) || /[ \t]$/.test(value)) {
          bad.push(text);
        }
      }
      withoutCookies(cookie(text), isOurCookieName);
      setCookieName(text);
    }

    expect(bad).toEqual([]);
  });

  test("CK-06: 300 pairs and no pairs are read in the same way", () => {
    expect(cookiePairs(cookie(Array.from({ length: 300 }, (_, n) => `n${n}=1`).join("; "))).length).toBe(300);
    expect(cookiePairs(cookie("", ";;; ;", "="))).toEqual([]);
    expect(cookiePairs([])).toEqual([]);
  });
});

describe("withoutCookies", () => {
  test.each([
    ['a=1; __Host-akproxy_app=S; b="2 3"', 'a=1; b="2 3"'],
    ["__Host-akproxy_app=S; a=1", "a=1"],
    ["a=1; __Host-akproxy_app=S", "a=1"],
    ["a=1;  b=2 ;\tc=%zz;__Secure-akproxy_x=S;d", "a=1;  b=2 ;\tc=%zz;d"],
    ["a=1; akproxy_app_login_t5k2a1_abcdefghijkl=S;", "a=1;"],
    ["a=1 ;b", "a=1 ;b"],
    ["  a=1", "  a=1"],
    ["a=__Host-akproxy_app", "a=__Host-akproxy_app"],
    ["my_akproxy_app=1", "my_akproxy_app=1"],
  ])("HDR-16: of %j the upstream sees %j", (sent, seen) => {
    expect(withoutCookies(cookie(sent), isOurCookieName)).toEqual([["Cookie", seen]]);
  });

  test.each([
    ["__Host-akproxy_app=S"],
    [" __Host-akproxy_app=S ; "],
    ["\u00a0__Host-akproxy_app=S"],
    ["\u00e2\u0080\u0080__Host-akproxy_app=S"],
    ["__Host-akproxy_app =S"],
    ["__HOST-AKPROXY_APP=S"],
    ["__Host-akproxy_app"],
    ["akproxy_app=S; __Secure-akproxy_b=S"],
  ])("HDR-16: nothing is left of %j, and the line is removed", (sent) => {
    expect(
      withoutCookies(
        [
          ["Accept", "*/*"],
          ["cookie", sent],
        ],
        isOurCookieName,
      ),
    ).toEqual([["Accept", "*/*"]]);
  });

  test("HDR-16: each Cookie line is read, and other lines stay as sent", () => {
    const headers: HeaderLines = [
      ["cookie", "a=1"],
      ["X-Test", "akproxy_app=S"],
      ["Cookie", "akproxy_app=S; b=2"],
    ];

    expect(withoutCookies(headers, isOurCookieName)).toEqual([
      ["cookie", "a=1"],
      ["X-Test", "akproxy_app=S"],
      ["Cookie", "b=2"],
    ]);
  });
});

describe("setCookie", () => {
  test("CK-01: over https without a domain: __Host-, Path=/, HttpOnly, Secure, SameSite=Lax and no Domain", () => {
    expect(setCookie({ name: host.name, value: "v", scope: host, maxAgeSeconds: 86400.9 })).toBe(
      "__Host-akproxy_app=v; Path=/; Max-Age=86400; HttpOnly; Secure; SameSite=Lax",
    );
  });

  test("CK-02: with a cookie domain: __Secure- and that Domain", () => {
    expect(setCookie({ name: domain.name, value: "v", scope: domain, maxAgeSeconds: 600 })).toBe(
      "__Secure-akproxy_corp=v; Path=/; Domain=corp.test; Max-Age=600; HttpOnly; Secure; SameSite=Lax",
    );
  });

  test("over http: no Secure, and a negative age is 0", () => {
    expect(setCookie({ name: plain.name, value: "v", scope: plain, maxAgeSeconds: -5 })).toBe(
      "akproxy_app=v; Path=/; Max-Age=0; HttpOnly; SameSite=Lax",
    );
  });

  test("CK-09: clearing repeats the attributes with Max-Age=0, and in domain mode clears the host-only twin too", () => {
    expect(clearCookie(host.name, host)).toEqual([
      "__Host-akproxy_app=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax",
    ]);
    expect(clearCookie("__Secure-akproxy_corp_login_x_y", domain)).toEqual([
      "__Secure-akproxy_corp_login_x_y=; Path=/; Domain=corp.test; Max-Age=0; HttpOnly; Secure; SameSite=Lax",
      "__Secure-akproxy_corp_login_x_y=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax",
    ]);
  });
});

describe("setCookieName", () => {
  test.each([
    ["a=1; Path=/", "a"],
    ["  a =1", "a"],
    ["akproxy_app=x; Domain=corp.test", "akproxy_app"],
    ["=akproxy_app=x", "akproxy_app"],
    [" = =akproxy_app=x", "akproxy_app"],
    ["akproxy_app", "akproxy_app"],
    ["\u00a0akproxy_app=x", "akproxy_app"],
    ["", ""],
    [";a=1", ""],
  ])("the cookie of %j is sent back as %j", (line, name) => {
    expect(setCookieName(line)).toBe(name);
  });

  test("akproxy knows its cookies by name, for every provider and prefix", () => {
    expect(["__Host-akproxy_app", "__Secure-akproxy_x", "akproxy_app_login_1_2"].every(isOurCookieName)).toBe(true);
    expect(["akproxy", "authentik_proxy_x", "x__Host-akproxy_app", "__Host-session"].some(isOurCookieName)).toBe(false);
  });
});

test.each([[`a=${" ".repeat(32_000)}b`], [`a${"\u00a0".repeat(32_000)}b=1; akproxy_x=1`]])(
  "reading and dropping cookies takes no more than linear time (%#)",
  (line) => {
    const startedAt = performance.now();

    cookiePairs(cookie(line));
    withoutCookies(cookie(line), isOurCookieName);

    expect(performance.now() - startedAt).toBeLessThan(50);
  },
);
