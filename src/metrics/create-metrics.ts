import type { Metrics } from "../ports/metrics.ts";
import { counter, gauge, histogram, mostSeries } from "./registry.ts";

/** Facts about a process. */
export interface ProcessFacts {
  readonly residentBytes: number;
  readonly cpuSeconds: number; //                  user and system
  readonly startedAt: number; //                   seconds since the epoch
}

export interface MetricsOptions {
  readonly version: string;
  readonly bun?: string;
  readonly processFacts?: () => ProcessFacts; //   absent: those of this process
}

/** In seconds. A verdict takes less than a millisecond; an upstream may take seconds. */
const durationBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

/** The counter of one kind of request at a provider. */
interface CountedKind {
  readonly verdict: string;
  readonly status: number;
  readonly count: (seconds: number) => void;
}

/** Everything /metrics shows (Prometheus text format 0.0.4). Labels are provider slugs, verdicts and codes; never a host, path or user. */
export function createMetrics(options: MetricsOptions): Metrics {
  const requests = counter({
    name: "akproxy_requests_total",
    help: "Requests answered, by provider, verdict and status.",
    labels: ["provider", "verdict", "code"],
  });
  const durations = histogram(
    {
      name: "akproxy_request_duration_seconds",
      help: "Time from the arrival of a request to the end of the head of its answer.",
      labels: ["provider"],
    },
    durationBounds,
  );
  const logins = counter({
    name: "akproxy_logins_total",
    help: "Logins that returned from the issuer, by provider and result.",
    labels: ["provider", "result"],
  });
  const refreshes = counter({
    name: "akproxy_token_refreshes_total",
    help: "Refreshes of a session's claims, by provider and result: fresh, ended (the session ended too) or unknown.",
    labels: ["provider", "result"],
  });
  const signOuts = counter({ name: "akproxy_sign_outs_total", help: "Sign-outs, by provider.", labels: ["provider"] });
  const webSockets = gauge({ name: "akproxy_websockets", help: "Open WebSockets.", labels: [] });
  const refused = counter({
    name: "akproxy_connections_refused_total",
    help: "Connections refused because of the connection limit, by listener.",
    labels: ["listener"],
  });
  const facts = factGauges(options);
  const countersOf = new Map<string, CountedKind[]>();
  let kinds = 0;

  /** The two series of one kind of request. There are few kinds, but the code does not rely on it. */
  function counterOf(provider: string, verdict: string, status: number): (seconds: number) => void {
    const count = requests.adder({ provider, verdict, code: String(status) });
    const observe = durations.observer({ provider });
    return (seconds) => {
      count(1);
      observe(seconds);
    };
  }

  return {
    request: ({ provider, verdict, status }, seconds) => {
      const ofProvider = countersOf.get(provider) ?? [];
      const known = ofProvider.find((kind) => kind.status === status && kind.verdict === verdict);
      if (known !== undefined) return known.count(seconds);
      const count = counterOf(provider, verdict, status);
      if (kinds < mostSeries) {
        countersOf.set(provider, [...ofProvider, { verdict, status, count }]);
        kinds += 1;
      }
      count(seconds);
    },
    login: (labels) => logins.add(labels, 1),
    refresh: (labels) => refreshes.add(labels, 1),
    signOut: (labels) => signOuts.add(labels, 1),
    webSockets: (delta) => webSockets.add({}, delta),
    connectionRefused: (labels) => refused.add(labels, 1),
    render: (asked) =>
      [
        ...[requests, durations, logins, refreshes, signOuts, webSockets, refused].map((family) => family.text()),
        facts(asked),
      ].join(""),
  };
}

/** The values that are read when /metrics is read, and not counted as events happen. */
function factGauges(options: MetricsOptions): (asked: Parameters<Metrics["render"]>[0]) => string {
  const sessions = gauge({ name: "akproxy_sessions", help: "Sessions in the store.", labels: [] });
  const inFlight = gauge({ name: "akproxy_requests_in_flight", help: "Requests being answered.", labels: [] });
  const build = gauge({
    name: "akproxy_build_info",
    help: "Always 1; the labels are the versions that run.",
    labels: ["version", "bun"],
  });
  const resident = gauge({ name: "process_resident_memory_bytes", help: "Resident memory.", labels: [] });
  const started = gauge({ name: "process_start_time_seconds", help: "Start, since the epoch.", labels: [] });
  const cpu = counter({ name: "process_cpu_seconds_total", help: "User and system CPU time.", labels: [] });
  const processFacts = options.processFacts ?? factsOfThisProcess;
  build.set({ version: options.version, bun: options.bun ?? Bun.version }, 1);

  return (asked) => {
    const facts = processFacts();
    if (asked.sessions !== null) sessions.set({}, asked.sessions);
    inFlight.set({}, asked.inFlight);
    resident.set({}, facts.residentBytes);
    started.set({}, facts.startedAt);
    cpu.set({}, facts.cpuSeconds);
    // no line is better than an old one: a store that does not answer has no count
    const shown = asked.sessions === null ? [] : [sessions];
    return [...shown, inFlight, build, resident, started, cpu].map((family) => family.text()).join("");
  };
}

function factsOfThisProcess(): ProcessFacts {
  const { user, system } = process.cpuUsage();
  return {
    residentBytes: process.memoryUsage.rss(),
    cpuSeconds: (user + system) / 1e6,
    startedAt: performance.timeOrigin / 1000,
  };
}
