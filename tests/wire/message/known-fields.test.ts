import { expect, test } from "bun:test";
import { readFields } from "../../../src/wire/message/header-block.ts";
import { knownField } from "../../../src/wire/message/known-fields.ts";

const linesOf = (text: string) => {
  const fields = readFields(text, 0, 200);
  return fields.kind === "fields" ? fields.lines : fields;
};

const lineOf = (text: string) => {
  const lines = linesOf(text);
  return "kind" in lines ? undefined : lines[0];
};

test("a name is read in the case it was sent in, also the second time", () => {
  const text = "Host: a\r\nhost: b\r\nHOST: c\r\n";

  const names = [0, 9, 18, 0, 9, 18].map((from) => knownField(text, from, from + 4)?.name);

  expect(names).toEqual(["Host", "host", "HOST", "Host", "host", "HOST"]);
});

test("names of one length with the same first, middle and last letter are distinguished", () => {
  const text = "x-abcd-z:x-xbcx-z:x-abcd-z:";

  const names = [0, 9, 18].map((from) => knownField(text, from, from + 8)?.name);

  expect(names).toEqual(["x-abcd-z", "x-xbcx-z", "x-abcd-z"]);
});

test("each name that a browser sends keeps its place", () => {
  const names =
    "Host User-Agent Accept Accept-Language Accept-Encoding Sec-Fetch-Site Sec-Fetch-Mode Sec-Fetch-User Sec-Fetch-Dest " +
    "Upgrade-Insecure-Requests Cache-Control Connection Cookie Referer Origin Content-Type Content-Length sec-ch-ua Priority";
  const first = names.split(" ").map((name) => knownField(name, 0, name.length));

  const again = names.split(" ").map((name) => knownField(name, 0, name.length));

  expect(again.filter((field, index) => field !== first[index])).toEqual([]);
});

test("names of more than 64 characters, and a flood of names, are read as sent", () => {
  const long = `x-${"y".repeat(100)}`;
  const many = Array.from({ length: 5000 }, (_none, index) => `x-${index}`);

  expect(linesOf(`${long}: a\r\n`)).toEqual([[long, "a"]]);
  expect(many.map((name) => knownField(`${name}: a`, 0, name.length)?.name)).toEqual(many);
});

test("a repeated line is the same object, and so are two lines that alternate", () => {
  const read = ["a", "b", "a", "b", "c", "b"].map((value) => lineOf(`X-Turn: ${value}\r\n`));

  expect(read.map((line) => line?.[1])).toEqual(["a", "b", "a", "b", "c", "b"]);
  expect(read[2]).toBe(read[0]);
  expect(read[3]).toBe(read[1]);
  expect(read[5]).toBe(read[3]);
});

test("a line is compared as a whole: with the space around its value, and with its end", () => {
  const texts = [
    "X-Same: a\r\n",
    "X-Same:a\r\n",
    "X-Same: \ta \r\n",
    "X-Same: ab\r\n",
    "X-Same: \r\n",
    "X-Same: a\r\n",
  ];

  expect(texts.map((text) => lineOf(text)?.[1])).toEqual(["a", "a", "a", "ab", "", "a"]);
  expect(linesOf("X-Same: a\r\r\n")).toMatchObject({ kind: "refused", status: 400 });
  expect(linesOf("X-Same: a\n\r\n")).toMatchObject({ kind: "refused", status: 400 });
});

test("a value that changes each time, and a long one, is read as sent", () => {
  const values = [...Array.from({ length: 100 }, (_none, index) => `v${index}`), "w".repeat(2000), "w".repeat(2000)];

  expect(values.map((value) => lineOf(`X-Changing: ${value}\r\n`)?.[1])).toEqual(values);
});

test("lines with credentials are not kept: only a digest of a credential may stay in memory", () => {
  const names = ["Authorization", "proxy-authorization", "COOKIE", "Set-Cookie"];

  for (const name of names) {
    const text = `${name}: Basic c2VjcmV0\r\n`;

    expect([lineOf(text)?.[1], lineOf(text)?.[1]]).toEqual(["Basic c2VjcmV0", "Basic c2VjcmV0"]);
    expect(knownField(text, 0, name.length)?.lines).toEqual([null, null]);
  }
});
