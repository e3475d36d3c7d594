import { expect, test } from "bun:test";
import { exitCodeOf } from "../../src/compose/process.ts";
import { Failure, type FailureCode } from "../../src/core/failure.ts";

test.each<[74 | 77 | 78, FailureCode, string]>([
  [78, "config_unusable", ""],
  [74, "config_unusable", "EADDRINUSE"],
  [77, "config_unusable", "EACCES"],
  [74, "store_unavailable", ""],
  [74, "store_unavailable", "ENOTDIR"],
  [77, "store_unavailable", "EROFS"],
])("exit code %d: a start that failed with %s, caused by %j", (exitCode, code, system) => {
  const cause = Object.assign(new Error(system), { code: system });

  expect(exitCodeOf(new Failure(code, "message", system === "" ? {} : { cause }))).toBe(exitCode);
});

test("the limit of open files is that of this process", () => {
  const script = 'import { openFiles } from "./src/compose/process.ts"; process.stdout.write(String(openFiles()));';
  const limited = ["sh", "-c", 'ulimit -n 333; exec "$@"', "sh", process.execPath, "-e", script];

  const child = Bun.spawnSync(limited, { stderr: "pipe" });

  expect([child.stdout.toString(), child.stderr.toString()]).toEqual(["333", ""]);
});
