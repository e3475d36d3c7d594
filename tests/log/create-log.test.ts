import { expect, test } from "bun:test";
import type { LogConfig } from "../../src/core/config.ts";
import { createLog, type LogOptions } from "../../src/log/create-log.ts";

function logTo(lines: string[], options: Partial<LogOptions> = {}): ReturnType<typeof createLog> {
  const config: LogConfig = { level: "info", format: "json" };
  return createLog({
    ...config,
    now: () => 1_700_000_000_123,
    isTty: false,
    env: {},
    write: (line) => lines.push(line),
    ...options,
  });
}

test("a JSON line is time, level, event and the fields, in that order", () => {
  const lines: string[] = [];

  logTo(lines).info("listening", { address: "127.0.0.1:9000", port: 9000, tls: false, certificate: null });

  expect(lines).toEqual([
    '{"time":"2023-11-14T22:13:20.123Z","level":"info","event":"listening","address":"127.0.0.1:9000","port":9000,"tls":false,"certificate":null}',
  ]);
});

test("a field named time, level or event does not replace akproxy's", () => {
  const lines: string[] = [];

  logTo(lines).warn("refused", { time: "never", level: "info", event: "allowed" });

  expect(lines).toEqual(['{"time":"2023-11-14T22:13:20.123Z","level":"warn","event":"refused"}']);
});

test("a line below the level is not written", () => {
  const lines: string[] = [];
  const log = logTo(lines, { level: "warn" });

  log.trace("a");
  log.debug("b");
  log.info("c");
  log.warn("d");
  log.error("e");

  expect(lines.map((line) => JSON.parse(line).event)).toEqual(["d", "e"]);
});

test("format auto is text on a terminal and JSON elsewhere", () => {
  const onTerminal: string[] = [];
  const elsewhere: string[] = [];

  logTo(onTerminal, { format: "auto", isTty: true, env: { NO_COLOR: "1" } }).info("ready");
  logTo(elsewhere, { format: "auto" }).info("ready");

  expect(onTerminal).toEqual(["2023-11-14T22:13:20.123Z INFO  ready"]);
  expect(elsewhere[0]).toStartWith('{"time":');
});

test("a text line is aligned and quotes only what needs it", () => {
  const lines: string[] = [];

  logTo(lines, { format: "text" }).info("request", {
    path: "/a/ü?b",
    user: "Jane Doe",
    rule: "a=b",
    like: 'x"1"',
    status: 200,
    id: "",
  });

  expect(lines).toEqual([
    '2023-11-14T22:13:20.123Z INFO  request                  path=/a/ü?b user="Jane Doe" rule="a=b" like="x\\"1\\"" status=200 id=""',
  ]);
});

test("text is coloured on a terminal and nowhere else", () => {
  const terminal: string[] = [];
  const dumb: string[] = [];
  const pipe: string[] = [];

  logTo(terminal, { format: "text", isTty: true }).error("broken");
  logTo(dumb, { format: "text", isTty: true, env: { TERM: "dumb" } }).error("broken");
  logTo(pipe, { format: "text" }).error("broken");

  expect(terminal[0]).toContain("\u001b[31mERROR\u001b[0m");
  expect(dumb[0]).not.toContain("\u001b");
  expect(pipe[0]).not.toContain("\u001b");
});

test("under the journal a text line has no time", () => {
  const lines: string[] = [];

  logTo(lines, { format: "text", env: { JOURNAL_STREAM: "8:1234" } }).info("ready");

  expect(lines).toEqual(["INFO  ready"]);
});

test("a value cannot begin a new line or control a terminal, in either format", () => {
  const json: string[] = [];
  const text: string[] = [];
  const hostile = 'a\r\n{"level":"info"}\u001b[2J\u009b2J\u2028\u202e\u0000\u007f';

  logTo(json).info(`event\n${hostile}`, { path: hostile });
  logTo(text, { format: "text" }).info(`event\n${hostile}`, { path: hostile });

  const steering = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e]/u;
  expect(json[0]).not.toMatch(steering);
  expect(text[0]).not.toMatch(steering);
  expect(JSON.parse(json[0] ?? "").path).toBe(hostile);
});

test("DOS-08: a long value is cut at 2048 characters and ends with the number of missing ones", () => {
  const lines: string[] = [];

  logTo(lines).info("request", { path: "x".repeat(100_000) });

  const path: string = JSON.parse(lines[0] ?? "").path;
  expect(path.slice(0, 2048)).toBe("x".repeat(2048));
  expect(path.slice(2048)).toBe("…(+97952)");
});

test("a cut never leaves half a character", () => {
  const lines: string[] = [];

  logTo(lines).info("request", { path: `${"x".repeat(2047)}😀😀` });

  expect(JSON.parse(lines[0] ?? "").path.isWellFormed()).toBe(true);
});
