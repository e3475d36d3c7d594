import { describe, expect, test } from "bun:test";
import { acceptedHeaders, foldedName } from "../../../src/core/http/client-headers.ts";

const names = (name: string, peer: "trusted" | "untrusted") =>
  acceptedHeaders([[name, "x"]], peer).map(([kept]) => kept);

describe("headers that no client may send", () => {
  test.each([
    ["HDR-01", "X-authentik-username"],
    ["HDR-01", "X-authentik-future"],
    ["HDR-01", "X-AUTHENTIK-META-VERSION"],
    ["HDR-01", "x-authentik-"],
    ["HDR-03", "X_authentik_username"],
    ["HDR-03", "x-authentik_username"],
    ["HDR-03", "X_AUTHENTIK-uid"],
    ["HDR-03", "Some_Header"],
    ["HDR-03", "_"],
    ["HDR-04", "X.authentik.username"],
    ["HDR-04", "X-authentik.username"],
    ["HDR-04", "X~authentik~username"],
    ["HDR-04", "X!authentik!username"],
    ["HDR-04", "X'authentik'username"],
    ["HDR-04", "X+authentik+username"],
    ["HDR-04", "X$authentik$username"],
    ["HDR-04", "X#authentik%username"],
    ["HDR-04", "X*authentik&username"],
    ["HDR-04", "X^authentik`username"],
    ["HDR-04", "X|authentik|username"],
    ["PATH-15", "X-Original-URL"],
    ["PATH-15", "X-Original-URI"],
    ["PATH-15", "X-Original-Method"],
    ["PATH-15", "X-Original-Host"],
    ["PATH-15", "X-Rewrite-URL"],
    ["PATH-15", "X-Forwarded-Uri"],
    ["PATH-15", "X-Forwarded-Method"],
    ["PATH-15", "X.Rewrite.URL"],
    ["PATH-15", "X-Envoy-Original-Path"],
    ["UPS-09", "Proxy"],
  ])("%s: %s is dropped from every peer", (_row, name) => {
    expect(names(name, "untrusted")).toEqual([]);
    expect(names(name, "trusted")).toEqual([]);
  });
});

test.each([
  ["Forwarded"],
  ["X-Forwarded-For"],
  ["X-Forwarded-Host"],
  ["X-Forwarded-Proto"],
  ["X-Forwarded-Port"],
  ["X-Forwarded-Prefix"],
  ["X-Forwarded-Server"],
  ["X-Real-IP"],
])("FWD-01: %s counts from a trusted peer and is dropped from others", (name) => {
  expect(names(name, "untrusted")).toEqual([]);
  expect(names(name, "trusted")).toEqual([name]);
});

test.each([["X.Forwarded.For"], ["X-Forwarded~Proto"], ["X.Real-IP"], ["X_Forwarded_Host"]])(
  "FWD-08: the alias %s is dropped, also from a trusted peer",
  (name) => {
    expect(names(name, "trusted")).toEqual([]);
    expect(names(name, "untrusted")).toEqual([]);
  },
);

test.each([
  ["Host"],
  ["Cookie"],
  ["Authorization"],
  ["X-Authenticated-User"],
  ["X-HTTP-Method-Override"],
  ["X-Request-Id"],
  ["Proxy-Connection"],
  ["Xauthentik-username"],
])("%s is passed to the application", (name) => {
  expect(names(name, "untrusted")).toEqual([name]);
});

test("HDR-05: every spelling is removed, and the other lines keep their order", () => {
  expect(
    acceptedHeaders(
      [
        ["A", "1"],
        ["X-authentik-groups", "a"],
        ["x-AUTHENTIK-GROUPS", "b"],
        ["B", "2"],
        ["X.authentik_groups", "c"],
      ],
      "trusted",
    ),
  ).toEqual([
    ["A", "1"],
    ["B", "2"],
  ]);
});

test("a name folds to lower case and dashes", () => {
  expect(foldedName("X_Test.Header~1")).toBe("x-test-header-1");
});
