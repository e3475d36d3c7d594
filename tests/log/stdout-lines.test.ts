import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bufferedLines } from "../../src/log/stdout-lines.ts";
import { turns } from "../fakes/waits.ts";

const bun = process.execPath;
const folder = mkdtempSync(join(tmpdir(), "akproxy-log-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("lines are collected and written with one call", () => {
  const written: string[] = [];
  const sink = bufferedLines({ write: (text) => written.push(text), flush: () => 0 });

  sink.write("one");
  sink.write("two");
  const before = written.length;
  sink.flush();

  expect(before).toBe(0);
  expect(written).toEqual(["one\ntwo\n"]);
});

test("without a flush the lines come by themselves", async () => {
  const arrived = Promise.withResolvers<string>();
  const sink = bufferedLines({ write: (text) => arrived.resolve(text), flush: () => 0 });

  sink.write("one");

  expect(await arrived.promise).toBe("one\n");
});

test("a reader that closed the pipe ends the log, and nothing is thrown", () => {
  let calls = 0;
  const sink = bufferedLines({
    write: () => {
      calls += 1;
      throw Object.assign(new Error("broken pipe"), { code: "EPIPE" });
    },
    flush: () => 0,
  });

  sink.write("one");
  sink.flush();
  sink.write("two");
  sink.flush();

  expect(calls).toBe(1);
});

test("a reader that closes the pipe during a flush ends the log, and the flush does not reject", async () => {
  const calls: string[] = [];
  const sink = bufferedLines({ write: (text) => calls.push(text), flush: () => Promise.reject(new Error("EPIPE")) });

  sink.write("one");
  sink.flush();
  await turns(1);
  sink.write("two");
  sink.flush();

  expect(calls).toEqual(["one\n"]);
});

test("a stuck reader loses lines, costs no memory, and learns how many it lost", async () => {
  const written: string[] = [];
  const slow = Promise.withResolvers<void>();
  const sink = bufferedLines({
    write: (text) => written.push(text),
    flush: () => (written.length === 1 ? slow.promise : 0),
  });
  const line = "x".repeat(1024 * 1024);
  sink.write("first");
  sink.flush();

  for (let count = 0; count < 20; count += 1) sink.write(line);
  slow.resolve();
  await turns(1);

  expect(written[0]).toBe("first\n");
  expect(written[1]?.length).toBeLessThan(10 * 1024 * 1024);
  expect(written[1]).toEndWith('{"event":"log lines lost","count":12}\n');
});

test("a flush ends when a slow reader has read everything, also the lines written meanwhile", async () => {
  const written: string[] = [];
  const slow = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const sink = bufferedLines({ write: (text) => written.push(text), flush: () => slow[written.length - 1]?.promise });
  sink.write("one");
  const first = sink.flush();
  sink.write("two");

  slow[0]?.resolve();
  slow[1]?.resolve();
  await first;

  expect(written).toEqual(["one\n", "two\n"]);
});

test("a flush before the process ends writes everything, also more than a pipe holds", async () => {
  const program = `
    import { writeFileSync } from "node:fs";
    import { createLog } from "./src/log/create-log.ts";
    const log = createLog({ level: "info", format: "json", now: Date.now, isTty: false });
    for (let count = 0; count < 3000; count += 1) log.info("x".repeat(200));
    writeFileSync(process.argv[1], "the reader may begin");
    await log.flush();
    process.exit(0);
  `;
  const signal = namedPipe();

  const child = Bun.spawn(
    ["bash", "-c", '"$0" -e "$1" "$2" | { cat "$2" > /dev/null; wc -l; }', bun, program, signal],
    {
      stdout: "pipe",
    },
  );

  expect(Number(await new Response(child.stdout).text())).toBe(3000);
});

test("a process whose log is piped to a reader that leaves goes on and ends by itself", async () => {
  const program = `
    import { readFileSync } from "node:fs";
    import { createLog } from "./src/log/create-log.ts";
    const log = createLog({ level: "info", format: "json", now: Date.now, isTty: false });
    log.error("the only line that is read");
    await log.flush();
    readFileSync(process.argv[1]); // the reader has left
    for (let round = 0; round < 20; round += 1) { log.error("line " + "x".repeat(1000)); await new Promise(setImmediate); }
    process.stderr.write("survived");
  `;
  const signal = namedPipe();
  const reader = 'head -n 1 > /dev/null; exec <&-; echo left > "$2"';

  const bun = process.execPath;
  const folder = mkdtempSync(join(tmpdir(), "akproxy-log-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  const child = Bun.spawn(
    ["bash", "-c", `"$0" -e "$1" "$2" | { ${reader}; }; echo " \${PIPESTATUS[0]}" >&2`, bun, program, signal],
    { stderr: "pipe" },
  );

  expect((await new Response(child.stderr).text()).trim()).toBe("survived 0");
});

/** Reading or writing this waits for the other side. */
function namedPipe(): string {
  const path = join(folder, crypto.randomUUID());
  Bun.spawnSync(["mkfifo", path]);
  return path;
}
