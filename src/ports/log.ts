/** Named fields only: never a header bag, a token, a cookie or an Authorization value. */
export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

/** A structured log: `event` is a fixed lower-case phrase, the details are fields. */
export interface Log {
  trace(event: string, fields?: LogFields): void;
  debug(event: string, fields?: LogFields): void;
  /** For lines of every request: `fields` as a function is called only when the line is written. */
  info(event: string, fields?: LogFields | (() => LogFields)): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  /** Writes the buffered lines. The process waits for it before it ends: a pipe accepts 64 KiB at once and the rest as it is read. */
  flush(): void | Promise<void>;
}
