import { expect, test } from "bun:test";
import { counter, gauge, histogram, mostSeries } from "../../src/metrics/registry.ts";

test("a counter adds up per label set", () => {
  const logins = counter({ name: "logins_total", help: "Logins.", labels: ["provider", "result"] });

  logins.add({ provider: "app", result: "ok" }, 1);
  logins.add({ provider: "app", result: "ok" }, 2);
  logins.add({ provider: "app", result: "denied" }, 1);

  expect(logins.text()).toBe(
    [
      "# HELP logins_total Logins.",
      "# TYPE logins_total counter",
      'logins_total{provider="app",result="ok"} 3',
      'logins_total{provider="app",result="denied"} 1',
      "",
    ].join("\n"),
  );
});

test("a gauge without labels is there from the start", () => {
  const open = gauge({ name: "open", help: "Open.", labels: [] });

  expect(open.text()).toBe("# HELP open Open.\n# TYPE open gauge\nopen 0\n");
});

test("a histogram's buckets are cumulative and its bounds inclusive", () => {
  const seconds = histogram({ name: "seconds", help: "Time.", labels: ["provider"] }, [0.1, 1]);

  seconds.observe({ provider: "app" }, 0.1);
  seconds.observe({ provider: "app" }, 0.5);
  seconds.observe({ provider: "app" }, 2);

  expect(seconds.text()).toBe(
    [
      "# HELP seconds Time.",
      "# TYPE seconds histogram",
      'seconds_bucket{provider="app",le="0.1"} 1',
      'seconds_bucket{provider="app",le="1"} 2',
      'seconds_bucket{provider="app",le="+Inf"} 3',
      'seconds_sum{provider="app"} 2.6',
      'seconds_count{provider="app"} 3',
      "",
    ].join("\n"),
  );
});

test("a label value cannot end its quotes or its line", () => {
  const requests = counter({ name: "requests", help: "Requests.", labels: ["provider"] });

  requests.add({ provider: 'a"} 1\nevil\\' }, 1);

  expect(requests.text().split("\n")[2]).toBe('requests{provider="a\\"} 1\\nevil\\\\"} 1');
});

test("DOS-08: ten thousand label sets make at most 1,001 series, and every event is counted", () => {
  const requests = counter({ name: "requests", help: "Requests.", labels: ["provider"] });

  for (let index = 0; index < 10_000; index += 1) requests.add({ provider: `host-${index}` }, 1);

  const lines = requests.text().trimEnd().split("\n").slice(2);
  expect(lines.length).toBe(mostSeries + 1);
  expect(lines.at(-1)).toBe('requests{provider="other"} 9000');
});
