import { afterEach, describe, expect, setSystemTime, test } from "bun:test";
import type { HeaderLines } from "../../../src/core/http/header-lines.ts";
import { answerBytes } from "../../../src/wire/client/answer-bytes.ts";

afterEach(() => void setSystemTime());

const lines: HeaderLines = [["X-authentik-username", "alice"]];

function verdict(headers: HeaderLines = lines): Buffer {
  return answerBytes({ status: 200, headers, body: "" }, "GET", "1.1", "keep");
}

describe("the bytes of a verdict", () => {
  test("are the same object within one second", () => {
    setSystemTime(new Date("2026-12-01T00:00:00.000Z"));
    const first = verdict();
    setSystemTime(new Date("2026-12-01T00:00:00.999Z"));

    expect(verdict()).toBe(first);
    expect(first.toString("latin1")).toBe(
      "HTTP/1.1 200 OK\r\nX-authentik-username: alice\r\ndate: Tue, 01 Dec 2026 00:00:00 GMT\r\ncontent-length: 0\r\n\r\n",
    );
  });

  test("have the Date of the next second from then on, and the earlier bytes do not change", () => {
    setSystemTime(new Date("2026-12-01T00:00:07.000Z"));
    const earlier = verdict();
    setSystemTime(new Date("2026-12-01T00:00:08.000Z"));

    const later = verdict();

    expect(later.toString("latin1")).toContain("\r\ndate: Tue, 01 Dec 2026 00:00:08 GMT\r\n");
    expect(earlier.toString("latin1")).toContain("\r\ndate: Tue, 01 Dec 2026 00:00:07 GMT\r\n");
  });

  test("are those of its own header lines", () => {
    setSystemTime(new Date("2026-12-01T00:00:00.000Z"));
    verdict();

    expect(verdict([["X-authentik-username", "bob"]]).toString("latin1")).toContain(
      "\r\nX-authentik-username: bob\r\n",
    );
  });

  test.each([
    ["a connection that closes", "GET", "1.1", "close", "\r\nconnection: close\r\n"],
    ["HTTP/1.0", "GET", "1.0", "keep", "\r\nconnection: keep-alive\r\n"],
  ] as const)("are not reused for %s", (_what, method, version, afterwards, line) => {
    setSystemTime(new Date("2026-12-01T00:00:00.000Z"));
    verdict();

    const bytes = answerBytes({ status: 200, headers: lines, body: "" }, method, version, afterwards);

    expect(bytes.toString("latin1")).toContain(line);
  });
});
