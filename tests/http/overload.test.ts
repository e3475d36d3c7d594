import { expect, test } from "bun:test";
import { type OverloadDeps, overload } from "../../src/http/overload.ts";
import { createLog } from "../../src/log/create-log.ts";
import { createMetrics } from "../../src/metrics/create-metrics.ts";

function overloaded() {
  const clock = { now: 1_795_500_000 };
  const lines: Record<string, unknown>[] = [];
  let ids = 0;
  const deps: OverloadDeps = {
    log: createLog({
      level: "info",
      format: "json",
      now: () => clock.now * 1000,
      isTty: false,
      write: (line) => lines.push(JSON.parse(line)),
    }),
    metrics: createMetrics({ version: "0" }),
    now: () => clock.now,
    newRequestId() {
      ids += 1;
      return `request-${ids}`;
    },
  };
  return { clock, lines, deps, refuse: overload(() => deps, { listener: "http", most: 448 }) };
}

test("DOS-04: a connection for which there is no room is answered 503 with Retry-After, in plain text", () => {
  const { refuse } = overloaded();

  const { status, headers, body } = refuse();

  expect(status).toBe(503);
  expect(headers).toContainEqual(["retry-after", "10"]);
  expect(headers).toContainEqual(["content-type", "text/plain; charset=utf-8"]);
  expect(headers).toContainEqual(["cache-control", "no-store"]);
  expect(body).toBe(
    "This site is busy right now\n\nIt has as many open connections as it can handle, so it refused this one.\nTry again in a moment.\n\noverloaded · request-1 · 2026-11-24 06:00:00 UTC\n",
  );
});

test("DOS-04: ten thousand refused in a minute are one line of the log, which says what to do; the next says how many there were", () => {
  const { clock, lines, deps, refuse } = overloaded();

  for (let count = 0; count < 10_000; count += 1) refuse();
  clock.now += 59;
  refuse();
  clock.now += 1;
  const { body } = refuse();

  expect(lines).toMatchObject([
    {
      level: "warn",
      event: "connections refused",
      request_id: "request-1",
      code: "overloaded",
      listener: "http",
      refused: 1,
      most_connections: 448,
      hint: "raise the limit of open files: LimitNOFILE= in a systemd unit, ulimit -n in a shell",
    },
    { request_id: "request-2", refused: 10_001 },
  ]);
  expect(lines.length).toBe(2);
  expect(body).toContain("request-2");
  expect(deps.metrics.render({ sessions: 0, inFlight: 0 })).toContain(
    'akproxy_connections_refused_total{listener="http"} 10002\n',
  );
});
