import { describe, expect, test } from "bun:test";
import {
  type ShownCredential,
  shownCredential,
  withoutAuthorization,
} from "../../../src/core/http/header-credential.ts";

const shown = (...values: readonly string[]) => shownCredential(values.map((value) => ["Authorization", value]));
const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;
const as = (username: string, password: string): ShownCredential => ({
  kind: "shown",
  credential: { kind: "basic", username, password },
});

describe("the credential in an Authorization header", () => {
  test.each([
    ["Bearer abc.DEF-_~+/==", "abc.DEF-_~+/=="],
    ["bearer abc", "abc"],
    ["BEARER  abc ", "abc"],
  ])("%j is a bearer token", (value, token) => {
    expect(shown(value)).toEqual({ kind: "shown", credential: { kind: "bearer", token } });
  });

  test.each([
    ["user:pass", "user", "pass"],
    ["user:pa:ss:", "user", "pa:ss:"],
    ["zoë:größe", "zoë", "größe"],
    ["\ufeffuser:pass", "\ufeffuser", "pass"],
    ["goauthentik.io/token:abc", "goauthentik.io/token", "abc"],
    ["user: ", "user", " "],
  ])("M2M-13: Basic with %j is split at the first colon and read as UTF-8", (text, username, password) => {
    expect(shown(basic(text))).toEqual(as(username, password));
  });

  test.each([
    ["nothing", "Basic"],
    ["nothing but spaces", "Basic   "],
    ["no base64", "Basic ???"],
    ["base64url", `Basic ${Buffer.from("us?r:~~~").toString("base64url")}`],
    ["no padding", "Basic dTpwdw"],
    ["padding that is too long", "Basic dTpwdw==="],
    ["bits behind the end", "Basic dTpwdx=="],
    ["a space inside", "Basic dTp wdw=="],
    ["a tab inside", "Basic dTp\twdw=="],
    ["no colon", basic("user")],
    ["no user name", basic(":pass")],
    ["neither", basic(":")],
    ["decision 29: no password", basic("user:")],
    ["a NUL", basic("user:a\u0000b")],
    ["a line break", basic("us\r\ner:pass")],
    ["a C1 control", basic("user:\u0085")],
    ["no UTF-8", `Basic ${Buffer.from([0x75, 0x3a, 0xff]).toString("base64")}`],
    ["overlong UTF-8", `Basic ${Buffer.from([0x75, 0x3a, 0xc1, 0x81]).toString("base64")}`],
  ])("M2M-13: Basic with %s is malformed", (_what, value) => {
    expect(shown(value)).toEqual({ kind: "malformed", scheme: "basic" });
  });

  test.each(["Bearer", "Bearer ", "Bearer a b", "Bearer a,b", "Bearer ä", "Bearer =", 'Bearer "a"', "Bearer a=b"])(
    "%j is a malformed bearer token",
    (value) => {
      expect(shown(value)).toEqual({ kind: "malformed", scheme: "bearer" });
    },
  );

  test.each([
    [["Bearer a", "Bearer a"]],
    [["Bearer a", "Basic dTpw"]],
    [["Digest a", "Bearer a"]],
    [["", "Bearer a"]],
    [["Bearer a, Basic dTpw"]],
    [["Basic dTpw,Bearer a"]],
    [["Bearer a, bearer b"]],
    [["Negotiate a, Bearer b"]],
  ])("M2M-07: %j are several credentials", (values) => {
    expect(shown(...values)).toEqual({ kind: "several" });
  });

  test.each(["", "Negotiate abc", "DPoP abc", 'Digest username="a", realm="b"', "Bearer2 a", "BasicdTpw", "AWS4 x"])(
    "%j is the application's business",
    (value) => {
      expect(shown(value)).toEqual({ kind: "none" });
    },
  );

  test("M2M-13: a value of 28 KiB of spaces is read in one pass, two hundred times within a test's time", () => {
    for (let round = 0; round < 200; round++) {
      const value = `Bearer a${" ".repeat(28_000)}b`;
      expect(shownCredential([["Authorization", value]])).toEqual({ kind: "malformed", scheme: "bearer" });
    }
  });

  test("without the header there is no credential", () => {
    expect(shownCredential([["Host", "app.test"]])).toEqual({ kind: "none" });
  });

  test("M2M-08: a consumed credential is removed in every spelling of its header's name", () => {
    const lines = [
      ["Host", "a"],
      ["AUTHORIZATION", "Bearer a"],
      ["Proxy-Authorization", "b"],
    ] as const;

    expect(withoutAuthorization(lines)).toEqual([
      ["Host", "a"],
      ["Proxy-Authorization", "b"],
    ]);
  });
});
