import { describe, expect, test } from "bun:test";
import { additionalHeaders, basicCredential } from "../../../src/core/upstream/attribute-headers.ts";
import { alice, aliceWith, proxyProvider } from "../../fakes/samples.ts";

describe("additionalHeaders", () => {
  test.each<[unknown, [string, string][]]>([
    [undefined, []],
    [null, []],
    [{}, []],
    [{ "X-test-header": "test-value" }, [["X-test-header", "test-value"]]],
    [
      { "X-N": 7, "X-B": true, "X-F": false, "X-Z": 0 },
      [
        ["X-N", "7"],
        ["X-B", "true"],
        ["X-F", "false"],
        ["X-Z", "0"],
      ],
    ],
    [{ Authorization: "Basic x" }, [["Authorization", "Basic x"]]],
    [{ "X-authentik-username": "svc" }, [["X-authentik-username", "svc"]]],
    [{ "X-E": "" }, [["X-E", ""]]],
    [{ "X-U": "Zo\u00eb" }, [["X-U", "Zo\u00c3\u00ab"]]],
  ])("decision 15: %j is sent", (attribute, lines) => {
    expect(additionalHeaders(attribute, "utf8")).toEqual({ lines, warnings: [] });
  });

  test.each([
    ["Content-Length"],
    ["content_length"],
    ["Transfer-Encoding"],
    ["Connection"],
    ["Keep-Alive"],
    ["Upgrade"],
    ["TE"],
    ["Trailer"],
    ["Proxy-Authorization"],
    ["Host"],
    ["Cookie"],
    ["Set-Cookie"],
    ["X-authentik-meta-version"],
    ["x_authentik_meta_app"],
    ["X.authentik.meta.future"],
    ["Forwarded"],
    ["X-Forwarded-For"],
    ["X_Forwarded_Host"],
    ["X-Forwarded-Proto"],
    ["X-Forwarded-Uri"],
    ["X-Forwarded-Prefix"],
    ["X-Real-IP"],
    ["Bad Name"],
    ["X:Y"],
    ["X\r\nY"],
    [""],
    ["X-\u00e4"],
    ["X-Y\u0000"],
  ])("HDR-13: the name %j is refused with a warning", (name) => {
    const { lines, warnings } = additionalHeaders({ [name]: "x", "X-Kept": "1" }, "utf8");

    expect(lines).toEqual([["X-Kept", "1"]]);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).not.toMatch(/[\r\n]/);
  });

  test.each([[null], [["a"]], [{ a: 1 }], ["a\r\nX-Admin: 1"], ["a\u0000"]])(
    "decision 15: the value %j is refused with a warning that does not hold it",
    (value) => {
      const { lines, warnings } = additionalHeaders({ "X-A": value }, "utf8");

      expect(lines).toEqual([]);
      expect(warnings).toEqual([
        'additionalHeaders: the value of "X-A" is not a text, number or boolean, or has control characters: not sent',
      ]);
    },
  );

  test.each([["text"], [7], [true], [["X-A: 1"]]])("HDR-13: %j is not a table of headers", (attribute) => {
    expect(additionalHeaders(attribute, "utf8")).toEqual({
      lines: [],
      warnings: ["additionalHeaders is not an object of names and values: ignored"],
    });
  });
});

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
