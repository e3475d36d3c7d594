import { expect, test } from "bun:test";
import {
  loginCookieName,
  loginCookiesOf,
  loginCookiesToDrop,
  parseLoginCookieName,
} from "../../../src/core/identity/login-attempt.ts";
import type { CookieScope } from "../../../src/core/provider.ts";

const scope: CookieScope = { name: "__Host-akproxy_app", domain: null, secure: true };
const digest = "abcdefghijkl-the-rest-of-the-digest";

test("the name of an attempt's cookie keeps the prefix and holds the start and the beginning of the state's digest", () => {
  expect(loginCookieName(scope, 1_700_000_000.5, digest)).toBe("__Host-akproxy_app_login_s44we8_abcdefghijkl");
});

test("what the name says is read back, and other names say nothing", () => {
  expect(parseLoginCookieName("__Host-akproxy_app_login_s44we8_abcdefghij-_", scope)).toEqual({
    startedAt: 1_700_000_000,
    shortDigest: "abcdefghij-_",
  });
  for (const name of [
    "__Host-akproxy_app",
    "__Host-akproxy_app_login_",
    "__Host-akproxy_app_login_s44we8_short",
    "__Host-akproxy_app_login_S44WE8_abcdefghijkl",
    "__Host-akproxy_app_login_s44we8_abcdefghijklm",
    "__Host-akproxy_app2_login_s44we8_abcdefghijkl",
    "akproxy_app_login_s44we8_abcdefghijkl",
  ]) {
    expect(parseLoginCookieName(name, scope)).toBeNull();
  }
});

test("a callback finds its attempt by the state's digest, whenever that was started", () => {
  const names = ["a", "__Host-akproxy_app_login_1_abcdefghijkl", "__Host-akproxy_app_login_1_lkjihgfedcba"];

  expect(loginCookiesOf(names, scope, digest)).toEqual(["__Host-akproxy_app_login_1_abcdefghijkl"]);
});

test("OIDC-15: of nine attempts the two oldest go, so that with a new one there are eight; other cookies are left alone", () => {
  const starts = [35, 3, 36, 100, 1, 50, 60, 70, 80];
  const names = starts.map((startedAt) => loginCookieName(scope, startedAt, digest));

  expect(loginCookiesToDrop(["a", "__Host-akproxy_app", ...names, names[0] ?? ""], scope)).toEqual([
    "__Host-akproxy_app_login_1_abcdefghijkl",
    "__Host-akproxy_app_login_3_abcdefghijkl",
  ]);
  expect(loginCookiesToDrop(names.slice(0, 7), scope)).toEqual([]);
});
