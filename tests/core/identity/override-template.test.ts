import { expect, test } from "bun:test";
import { filledOverride } from "../../../src/core/identity/override-template.ts";
import { parseTemplate } from "../../../src/core/identity/template.ts";

function fill(source: string, c: unknown): string {
  const read = parseTemplate(source);
  if (read.kind === "problem") throw new Error(read.message);
  const filled = filledOverride(read.template, { c });
  return filled.kind === "filled" ? filled.text : filled.kind;
}

test.each([
  ["http://foo.test/{c}", "alice", "http://foo.test/alice"],
  ["http://foo.test/{c}/", "alice", "http://foo.test/alice/"],
  ["http://foo.test/u-{c}/x", "al.ice_1~", "http://foo.test/u-al.ice_1~/x"],
  ["http://foo.test/{c}", "jörg müller", "http://foo.test/j%C3%B6rg%20m%C3%BCller"],
  ["http://foo.test/{c}", "a:b=c&d+e", "http://foo.test/a%3Ab%3Dc%26d%2Be"],
  ["http://foo.test/{c}", 7, "http://foo.test/7"],
  ["http://foo.test/{c|guest}", null, "http://foo.test/guest"],
  ["http://{c}.svc.local/", "alice", "http://alice.svc.local/"],
  ["http://{c}:8080", "alice.lab", "http://alice.lab:8080"],
  ["http://foo.test:{c}/", "8080", "http://foo.test:8080/"],
  ["{c}", "https://own.test/x", "https://own.test/x"],
])("%j with %j is %j", (source, value, filled) => {
  expect(fill(source, value)).toBe(filled);
});

test.each([
  "../x",
  "..",
  ".",
  "a..b/..",
  "x/y",
  "x\\y",
  "@evil.test",
  "alice@example.test",
  "a?b",
  "a#b",
  "%2e%2e",
  "%2f",
  "a;b",
  "a\r\nb",
  "..a",
])("UPS-04: %j may not stand in the path", (value) => {
  expect(fill("http://foo.test/{c}", value)).toBe("unfit");
});

test.each(["evil.test/", "evil.test:80", "u@evil.test", "a/b", "evil.test?", "evil.test#", "..", ".evil", "a b", "ä"])(
  "UPS-04: %j may not stand in the host",
  (value) => {
    expect(fill("http://{c}", value)).toBe("unfit");
    expect(fill("http://{c}.svc.local/", value)).toBe("unfit");
    expect(fill("http://foo.test{c}", value)).toBe("unfit");
  },
);

test("a claim that is missing is told apart", () => {
  expect(fill("http://foo.test/{c}", null)).toBe("missing");
});
