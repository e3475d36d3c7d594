/** What akproxy counts. Labels are bounded: provider slugs, known methods, status classes; never a host, path or user. */
export interface Metrics {
  request(
    labels: { readonly provider: string; readonly verdict: string; readonly status: number },
    seconds: number,
  ): void;
  login(labels: { readonly provider: string; readonly result: string }): void;
  /** `result`: the result of a refresh of a session's claims. */
  refresh(labels: { readonly provider: string; readonly result: "fresh" | "ended" | "unknown" }): void;
  signOut(labels: { readonly provider: string }): void;
  webSockets(delta: 1 | -1): void;
  /** A connection above the limit. */
  connectionRefused(labels: { readonly listener: "http" | "https" | "metrics" }): void;
  /** The text exposition format of Prometheus. The caller reads `sessions` from the store. */
  render(facts: { readonly sessions: number | null; readonly inFlight: number }): string;
}
