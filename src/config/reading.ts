import type { Spot } from "./findings.ts";

/** The result of reading one text. */
export type Reading<T> = { readonly kind: "ok"; readonly value: T } | Wrong;

/** A text that cannot be read. */
export interface Wrong {
  readonly kind: "wrong";
  readonly message: string; //                     follows the quoted value: "…" is not a duration
  readonly hint: string | null; //                 the next action
  readonly spot: Spot;
}

/** A good reading. */
export function ok<T>(value: T): Reading<T> {
  return { kind: "ok", value };
}

/** A bad reading; `hint` is the next action. */
export function wrong(message: string, hint: string | null = null): Wrong {
  return { kind: "wrong", message, hint, spot: { kind: "value" } };
}
