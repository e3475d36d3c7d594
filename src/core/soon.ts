/**
 * A value that is at hand already, or one that has to be waited for. A request whose session is in memory is decided without a wait: each
 * `await` of something that is there costs as much as reading a header line, and nine of them were a tenth of a verdict.
 */
export type Soon<Value> = Value | Promise<Value>;

/** What `use` makes of a value: at once where it is at hand. A rejection passes by `use`. */
export function whenKnown<Value, Result>(value: Soon<Value>, use: (value: Value) => Soon<Result>): Soon<Result> {
  return value instanceof Promise ? value.then(use) : use(value);
}

/** What `work` makes, or what `rescue` makes of its failure, whether that is thrown at once or later. */
export function rescued<Result>(work: () => Soon<Result>, rescue: (error: unknown) => Result): Soon<Result> {
  try {
    const made = work();
    return made instanceof Promise ? made.catch(rescue) : made;
  } catch (error) {
    return rescue(error);
  }
}
