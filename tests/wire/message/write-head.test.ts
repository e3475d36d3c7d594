import { describe, expect, test } from "bun:test";
import type { HeaderLines } from "../../../src/core/http/header-lines.ts";
import { readRequestHead } from "../../../src/wire/message/request-head.ts";
import { readResponseHead } from "../../../src/wire/message/response-head.ts";
import { reasonOf, requestHeadText, responseHeadText } from "../../../src/wire/message/write-head.ts";

const lines: HeaderLines = [
  ["Host", "app.test"],
  ["x-B", "Z\u00c3\u00b6\u00ff \t."],
  ["x-b", ""],
];

test("a request head is written with its lines in the given order and case", () => {
  const text = requestHeadText("PUT", "//a/../%2F?\u00c3\u00bc", lines);

  expect(text).toBe(
    "PUT //a/../%2F?\u00c3\u00bc HTTP/1.1\r\nHost: app.test\r\nx-B: Z\u00c3\u00b6\u00ff \t.\r\nx-b: \r\n\r\n",
  );
});

test("a response head is written with its reason phrase", () => {
  expect(responseHeadText(299, "H\u00e4", [["A", "b"]])).toBe("HTTP/1.1 299 H\u00e4\r\nA: b\r\n\r\n");
  expect(responseHeadText(200, "", [])).toBe("HTTP/1.1 200 \r\n\r\n");
});

test("a head that was read is written back byte for byte", () => {
  const request = Buffer.from("PUT /\u00ff HTTP/1.1\r\nhOST: app.test\r\nX: \u00ff\r\nX: 2\r\n\r\n", "latin1");
  const response = Buffer.from("HTTP/1.1 200 H\u00f6\r\nSet-Cookie: a\r\nset-cookie: b\r\n\r\n", "latin1");

  const asked = readRequestHead(request, 0, request.length, { headBytes: 999, targetChars: 99, fields: 9 });
  const answered = readResponseHead(response, 0, response.length, { headBytes: 999, fields: 9 }, "GET");

  const { method, target, headers } = asked.kind === "head" ? asked.head : { method: "", target: "", headers: [] };
  const {
    status,
    reason,
    headers: fields,
  } = answered.kind === "head" ? answered.head : { status: 0, reason: "", headers: [] };
  expect(Buffer.from(requestHeadText(method, target, headers), "latin1")).toEqual(request);
  expect(Buffer.from(responseHeadText(status, reason, fields), "latin1")).toEqual(response);
});

describe("HDR-10: a value that would split a message is never written", () => {
  const secret = "s3cret";

  test.each([
    ["CRLF in a value", "X", `${secret}\r\nY: z`],
    ["a bare LF in a value", "X", `${secret}\n`],
    ["a bare CR in a value", "X", `${secret}\r`],
    ["NUL in a value", "X", `${secret}\u0000`],
    ["a character above a byte", "X", `${secret}\u010a`],
    ["a colon in a name", "X: y", secret],
    ["CRLF in a name", "X\r\nY", secret],
    ["an empty name", "", secret],
  ])("%s", (_name, name, value) => {
    const thrown: unknown[] = [];
    for (const write of [
      () => requestHeadText("GET", "/", [[name, value]]),
      () => responseHeadText(200, "OK", [[name, value]]),
    ]) {
      try {
        thrown.push(write());
      } catch (error) {
        thrown.push(error instanceof Error ? [error.name, error.message.includes(secret)] : error);
      }
    }

    expect(thrown).toEqual([
      ["Failure", false],
      ["Failure", false],
    ]);
  });

  test.each([
    ["a space in the target", "GET", "/a b"],
    ["CRLF in the target", "GET", "/a\r\nX: y"],
    ["a # in the target", "GET", "/a#b"],
    ["a character above a byte in the target", "GET", "/\u0120"],
    ["an absolute-form", "GET", "http://evil.test/"],
    ["no target", "GET", ""],
    ["a space in the method", "GET /x", "/"],
    ["no method", "", "/"],
  ])("%s", (_name, method, target) => {
    expect(() => requestHeadText(method, target, lines)).toThrow("the method or the target cannot be sent");
  });

  test("a reason phrase with CRLF", () => {
    expect(() => responseHeadText(200, "OK\r\nX: y", [])).toThrow("the reason phrase cannot be sent");
  });
});

test("akproxy's own answer has the reason phrase of RFC 9110 15", () => {
  expect([200, 302, 401, 413, 431, 502].map(reasonOf)).toEqual([
    "OK",
    "Found",
    "Unauthorized",
    "Content Too Large",
    "Request Header Fields Too Large",
    "Bad Gateway",
  ]);
  expect(reasonOf(299)).toBe("");
});
