/**
 * A value, or a promise of it. A request whose session is cached is decided without waiting: an `await` of a value that is there costs as much
 * as reading a header line, and nine of them were a tenth of the time of a verdict.
 */
export type Soon<Value> = Value | Promise<Value>;

/** The result of `use` for a value: at once when the value is there. A rejection skips `use`. */
export function whenKnown<Value, Result>(value: Soon<Value>, use: (value: Value) => Soon<Result>): Soon<Result> {
  return value instanceof Promise ? value.then(use) : use(value);
}

/** The result of `work`, or of `rescue` when `work` throws or its promise rejects. */
export function rescued<Result>(work: () => Soon<Result>, rescue: (error: unknown) => Result): Soon<Result> {
  try {
    const made = work();
    return made instanceof Promise ? made.catch(rescue) : made;
  } catch (error) {
    return rescue(error);
  }
}
