import { expect, test } from "bun:test";
import { createMetrics } from "../../src/metrics/create-metrics.ts";

function metricsOfTest(): ReturnType<typeof createMetrics> {
  return createMetrics({
    version: "1.2.3",
    bun: "9.9.9",
    processFacts: () => ({ residentBytes: 1000, cpuSeconds: 1.5, startedAt: 1_700_000_000 }),
  });
}

test("a request is counted by provider, verdict and code, and timed by provider", () => {
  const metrics = metricsOfTest();

  metrics.request({ provider: "app", verdict: "allow", status: 200 }, 0.02);

  const text = metrics.render({ sessions: 3, inFlight: 2 });
  expect(text).toContain('akproxy_requests_total{provider="app",verdict="allow",code="200"} 1\n');
  expect(text).toContain('akproxy_request_duration_seconds_bucket{provider="app",le="0.01"} 0\n');
  expect(text).toContain('akproxy_request_duration_seconds_bucket{provider="app",le="0.025"} 1\n');
  expect(text).toContain('akproxy_request_duration_seconds_count{provider="app"} 1\n');
});

test("logins, sign-outs, WebSockets and refused connections are counted", () => {
  const metrics = metricsOfTest();

  metrics.login({ provider: "app", result: "ok" });
  metrics.signOut({ provider: "app" });
  metrics.webSockets(1);
  metrics.webSockets(1);
  metrics.webSockets(-1);
  metrics.connectionRefused({ listener: "https" });

  const text = metrics.render({ sessions: 0, inFlight: 0 });
  expect(text).toContain('akproxy_logins_total{provider="app",result="ok"} 1\n');
  expect(text).toContain('akproxy_sign_outs_total{provider="app"} 1\n');
  expect(text).toContain("akproxy_websockets 1\n");
  expect(text).toContain('akproxy_connections_refused_total{listener="https"} 1\n');
});

test("facts are read when /metrics is read", () => {
  const metrics = metricsOfTest();

  const text = metrics.render({ sessions: 3, inFlight: 2 });

  expect(text).toContain("akproxy_sessions 3\n");
  expect(text).toContain("akproxy_requests_in_flight 2\n");
  expect(text).toContain('akproxy_build_info{version="1.2.3",bun="9.9.9"} 1\n');
  expect(text).toContain("process_resident_memory_bytes 1000\n");
  expect(text).toContain("process_start_time_seconds 1700000000\n");
  expect(text).toContain("process_cpu_seconds_total 1.5\n");
});

test("a store that did not answer has no session count, not an old one", () => {
  const metrics = metricsOfTest();
  metrics.render({ sessions: 3, inFlight: 0 });

  const text = metrics.render({ sessions: null, inFlight: 0 });

  expect(text).not.toContain("akproxy_sessions");
});

test("every line is a comment or a sample of the text format, and each metric has one HELP and one TYPE", () => {
  const metrics = metricsOfTest();
  metrics.request({ provider: "app", verdict: "login", status: 302 }, 11);

  const lines = metrics.render({ sessions: 1, inFlight: 1 }).trimEnd().split("\n");

  const sample = /^[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [0-9.e+-]+$/;
  expect(lines.filter((line) => !line.startsWith("# ") && !sample.test(line))).toEqual([]);
  const helps = lines.filter((line) => line.startsWith("# HELP ")).map((line) => line.split(" ")[2]);
  const types = lines.filter((line) => line.startsWith("# TYPE ")).map((line) => line.split(" ")[2]);
  expect(new Set(helps).size).toBe(helps.length);
  expect(types).toEqual(helps);
});

test("the facts of this process are plausible", () => {
  const text = createMetrics({ version: "0" }).render({ sessions: 0, inFlight: 0 });

  const resident = Number(/^process_resident_memory_bytes (\S+)$/m.exec(text)?.[1]);
  const started = Number(/^process_start_time_seconds (\S+)$/m.exec(text)?.[1]);
  expect(resident).toBeGreaterThan(1_000_000);
  expect(Math.abs(Date.now() / 1000 - started)).toBeLessThan(3600);
});
