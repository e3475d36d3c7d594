import type { Log, LogFields } from "../../src/ports/log.ts";

/** A log that keeps its lines: `warn issuer discovery failed {"issuer":…}`. */
export function keptLog(): Log & { readonly lines: readonly string[] } {
  const lines: string[] = [];
  const keep = (level: string) => (event: string, fields?: LogFields) =>
    void lines.push(`${level} ${event} ${JSON.stringify(fields ?? {})}`);
  return {
    lines,
    trace: keep("trace"),
    debug: keep("debug"),
    info: keep("info"),
    warn: keep("warn"),
    error: keep("error"),
    flush: () => {},
  };
}
