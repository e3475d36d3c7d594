import { describe, expect, test } from "bun:test";
import { additionalHeaders } from "../../../src/core/upstream/additional-headers.ts";

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
        'additionalHeaders: the value of "X-A" is no text, number or boolean without control characters: not sent',
      ]);
    },
  );

  test.each([["text"], [7], [true], [["X-A: 1"]]])("HDR-13: %j is no table of headers", (attribute) => {
    expect(additionalHeaders(attribute, "utf8")).toEqual({
      lines: [],
      warnings: ["additionalHeaders is not an object of names and values: ignored"],
    });
  });
});
