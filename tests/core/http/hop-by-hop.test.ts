import { expect, test } from "bun:test";
import { endToEnd, isHopByHop } from "../../../src/core/http/hop-by-hop.ts";

test.each([
  ["Connection"],
  ["Keep-Alive"],
  ["Proxy-Authenticate"],
  ["Proxy-Authorization"],
  ["Proxy-Connection"],
  ["HTTP2-Settings"],
  ["TE"],
  ["Trailer"],
  ["Transfer-Encoding"],
  ["Upgrade"],
])("%s belongs to one connection", (name) => {
  expect(
    endToEnd([
      [name, "x"],
      ["X-Kept", "1"],
    ]),
  ).toEqual([["X-Kept", "1"]]);
  expect(isHopByHop(name.toLowerCase())).toBe(true);
});

test("HDR-08: every Connection line is read, also after an empty one, in any case and with spaces", () => {
  expect(
    endToEnd([
      ["Connection", ""],
      ["connection", "close, ,\tX-Foo ,x-BAR"],
      ["CONNECTION", "X-Baz"],
      ["X-Foo", "1"],
      ["x-bar", "2"],
      ["X-BAZ", "3"],
      ["X-Kept", "4"],
    ]),
  ).toEqual([["X-Kept", "4"]]);
});

test.each([["content-length"], ["content-type"], ["date"], ["upgrade-insecure-requests"], ["connection-x"]])(
  "%s is end to end",
  (name) => {
    expect(isHopByHop(name)).toBe(false);
  },
);
