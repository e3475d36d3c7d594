import type { LogConfig, LogLevel } from "../core/config.ts";
import type { Log, LogFields } from "../ports/log.ts";
import { jsonLine, type TextLook, textLine } from "./lines.ts";
import { bufferedLines, type LineSink } from "./stdout-lines.ts";

export interface LogOptions extends LogConfig {
  readonly now: () => number; //                   milliseconds since the epoch
  readonly isTty: boolean; //                      is standard output a terminal?
  readonly write?: (line: string) => void; //      gets each line at once, without its line feed; absent: standard output, buffered
  readonly env?: Readonly<Record<string, string | undefined>>; // absent: that of the process; JOURNAL_STREAM, NO_COLOR and TERM matter
}

const weight: Readonly<Record<LogLevel, number>> = { trace: 0, debug: 1, info: 2, warn: 3, error: 4 };

/**
 * The log of a running akproxy, on standard output (spec: cli). Each event is one line, as JSON or text; `auto` is text on a terminal and
 * JSON elsewhere. Under systemd's journal, text lines have no time. The log is flushed every 100 ms, after an error and on demand.
 */
export function createLog(options: LogOptions): Log {
  const env = options.env ?? process.env;
  const sink = options.write === undefined ? standardOutput() : unbuffered(options.write);
  const form = formOf(options, env);
  const at =
    (level: LogLevel) =>
    (event: string, fields: LogFields | (() => LogFields) = {}): void => {
      if (weight[level] < weight[options.level]) return;
      sink.write(form(options.now(), level, event, typeof fields === "function" ? fields() : fields));
      if (level === "error") void sink.flush();
    };
  return {
    trace: at("trace"),
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    flush: sink.flush,
  };
}

type Form = (now: number, level: LogLevel, event: string, fields: LogFields) => string;

function formOf(options: LogOptions, env: NonNullable<LogOptions["env"]>): Form {
  const wanted = options.format === "auto" ? (options.isTty ? "text" : "json") : options.format;
  if (wanted === "json") return jsonLine;
  const look: TextLook = {
    time: env["JOURNAL_STREAM"] ? "none" : "own",
    colour: options.isTty && !env["NO_COLOR"] && env["TERM"] !== "dumb" ? "ansi" : "plain",
  };
  return (now, level, event, fields) => textLine(look, now, level, event, fields);
}

function standardOutput(): LineSink {
  return bufferedLines(Bun.stdout.writer());
}

function unbuffered(write: (line: string) => void): LineSink {
  return { write, flush: () => Promise.resolve() };
}
