/** What reading one text gave. `message` continues the quoted value ("…" is not a duration) and never repeats it. */
export type Reading<T> =
  | { readonly kind: "ok"; readonly value: T }
  | { readonly kind: "wrong"; readonly message: string; readonly hint: string | null };

/** A good reading. */
export function ok<T>(value: T): Reading<T> {
  return { kind: "ok", value };
}

/** A bad reading; `hint` is the next action. */
export function wrong(message: string, hint: string | null = null): Reading<never> {
  return { kind: "wrong", message, hint };
}
