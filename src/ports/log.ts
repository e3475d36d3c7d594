/** Named fields only: never a header bag, a token, a cookie or an Authorization value. */
export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

/** Structured log: `event` is a stable lower-case phrase, the facts are fields. */
export interface Log {
  trace(event: string, fields?: LogFields): void;
  debug(event: string, fields?: LogFields): void;
  /** Of what every request says: `fields` is asked for where the line is written only. */
  info(event: string, fields?: LogFields | (() => LogFields)): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  /** Writes out what is buffered. Waited for before the process ends: a pipe takes 64 KiB at once and the rest as it is read. */
  flush(): void | Promise<void>;
}
