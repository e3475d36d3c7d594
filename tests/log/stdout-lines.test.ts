import { expect, test } from "bun:test";
import { bufferedLines } from "../../src/log/stdout-lines.ts";

test("lines are gathered and written with one call", () => {
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

test("a reader that went away ends the log and throws nothing", () => {
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

test("a reader that goes away while it is waited for ends the log and rejects nothing", async () => {
  const calls: string[] = [];
  const sink = bufferedLines({ write: (text) => calls.push(text), flush: () => Promise.reject(new Error("EPIPE")) });

  sink.write("one");
  sink.flush();
  await Bun.sleep(0);
  sink.write("two");
  sink.flush();

  expect(calls).toEqual(["one\n"]);
});

test("a stuck reader costs lines and not memory, and learns how many", async () => {
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
  await Bun.sleep(0);

  expect(written[0]).toBe("first\n");
  expect(written[1]?.length).toBeLessThan(10 * 1024 * 1024);
  expect(written[1]).toEndWith('{"event":"log lines lost","count":12}\n');
});

test("a flush is over when a slow reader has taken everything, also what came meanwhile", async () => {
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

test("what is flushed before the process ends arrives whole, beyond what a pipe holds", async () => {
  const program = `
    import { createLog } from "./src/log/create-log.ts";
    const log = createLog({ level: "info", format: "json", now: Date.now, isTty: false });
    for (let count = 0; count < 3000; count += 1) log.info("x".repeat(200));
    await log.flush();
    process.exit(0);
  `;

  const child = Bun.spawn(["bash", "-c", `"$0" -e "$1" | { sleep 0.1; wc -l; }`, process.execPath, program], {
    stdout: "pipe",
  });

  expect(Number(await new Response(child.stdout).text())).toBe(3000);
});

test("a process whose log is piped to a reader that leaves goes on and ends by itself", async () => {
  const program = `
    import { createLog } from "./src/log/create-log.ts";
    const log = createLog({ level: "info", format: "json", now: Date.now, isTty: false });
    for (let round = 0; round < 20; round += 1) { log.error("line " + "x".repeat(1000)); await Bun.sleep(5); }
    process.stderr.write("survived");
  `;

  const child = Bun.spawn(
    ["bash", "-c", `"$0" -e "$1" | head -n 1 > /dev/null; echo " \${PIPESTATUS[0]}" >&2`, process.execPath, program],
    {
      stderr: "pipe",
    },
  );

  expect((await new Response(child.stderr).text()).trim()).toBe("survived 0");
});
