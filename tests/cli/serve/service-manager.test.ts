import { expect, test } from "bun:test";
import { serviceManager } from "../../../src/cli/serve/service-manager.ts";
import { keptLog } from "../../fakes/kept-log.ts";
import { waitUntil } from "../../fakes/waits.ts";

const notified = 'warn service manager not notified {"reason":"sendto: errno 2"}'; // the socket does not exist
const socket = { NOTIFY_SOCKET: "/nowhere/at/all.sock" };

test("a message that does not arrive is a warning in the log", () => {
  const log = keptLog();

  serviceManager(socket, log).tell("ready", "1 providers");

  expect(log.lines).toEqual([notified]);
});

test("without a service manager nothing is sent and nothing is logged", () => {
  const log = keptLog();

  serviceManager({}, log).tell("stopping", "finishing requests in flight");

  expect(log.lines).toEqual([]);
});

test("the watchdog of this process is notified until the end", async () => {
  const log = keptLog();
  const env = { ...socket, WATCHDOG_USEC: "2000", WATCHDOG_PID: String(process.pid) };

  const manager = serviceManager(env, log);
  await waitUntil(() => log.lines.length >= 3);
  manager.end();

  expect(new Set(log.lines)).toEqual(new Set([notified]));
});

test("the watchdog of another process is left alone", async () => {
  const [mine, other] = [keptLog(), keptLog()];
  const env = { ...socket, WATCHDOG_USEC: "2000" };

  const foreign = serviceManager({ ...env, WATCHDOG_PID: "1" }, other);
  const own = serviceManager(env, mine);
  await waitUntil(() => mine.lines.length >= 3);
  own.end();
  foreign.end();

  expect(other.lines).toEqual([]);
});
