import { expect, test } from "bun:test";
import { basicCredential } from "../../../src/core/upstream/basic-injection.ts";
import { alice, aliceWith, proxyProvider } from "../samples.ts";

const both = proxyProvider({ basicAuth: { userAttribute: "app_username", passwordAttribute: "app_password" } });
const passwordOnly = proxyProvider({ basicAuth: { userAttribute: "", passwordAttribute: "app_password" } });

const decoded = (value: string) =>
  new TextDecoder().decode(Uint8Array.from(atob(value.replace("Basic ", "")), (char) => char.charCodeAt(0)));

test("without basic_auth nothing is injected", () => {
  expect(basicCredential(aliceWith({ app_password: "x" }), proxyProvider())).toEqual({ lines: [], warnings: [] });
});

test.each([
  [both, { app_username: "svc", app_password: "s3cret" }, "svc:s3cret"],
  [both, { app_password: "s3cret" }, "alice@example.test:s3cret"],
  [both, { app_username: "svc" }, "svc:"],
  [both, {}, "alice@example.test:"],
  [both, { app_username: "", app_password: "x" }, ":x"],
  [both, { app_username: 7, app_password: ["x"] }, "alice@example.test:"],
  [passwordOnly, { "": "evil", app_password: "a:b" }, "alice@example.test:a:b"],
  [passwordOnly, { app_password: "p\u00e4ss\u{1f600}" }, "alice@example.test:p\u00e4ss\u{1f600}"],
])(
  "decision 29 (%#): the credential is the attributes', the email where there is no user, an empty password where there is none",
  (provider, attributes, credential) => {
    const { lines, warnings } = basicCredential(aliceWith(attributes), provider);

    expect(lines.map(([name]) => name)).toEqual(["Authorization"]);
    expect(decoded(lines[0]?.[1] ?? "")).toBe(credential);
    expect(warnings).toEqual([]);
  },
);

test.each([
  [{ app_username: "a:b", app_password: "x" }],
  [{ app_username: "a\nb", app_password: "x" }],
  [{ app_username: "a", app_password: "x\u0000" }],
  [{ app_username: "a\u007f", app_password: "x" }],
])("M2M-15: %j can't be sent, and the warning holds neither name nor password", (attributes) => {
  expect(basicCredential(aliceWith(attributes), both)).toEqual({
    lines: [],
    warnings: ["basic authentication: the user name holds ':' or a control character: not sent"],
  });
});

test("attribute names that objects have by themselves are none", () => {
  const provider = proxyProvider({ basicAuth: { userAttribute: "constructor", passwordAttribute: "__proto__" } });

  expect(decoded(basicCredential(alice(), provider).lines[0]?.[1] ?? "")).toBe("alice@example.test:");
});
