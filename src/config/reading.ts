import type { Spot } from "./findings.ts";

/** What reading one text gave. */
export type Reading<T> = { readonly kind: "ok"; readonly value: T } | Wrong;

/** A text that cannot be read. */
export interface Wrong {
  readonly kind: "wrong";
  readonly message: string; //                     continues the quoted value ("…" is not a duration) and never repeats it
  readonly hint: string | null; //                 the next action
  readonly shown: "value" | "nothing"; //          does the quoted value stand before the message?
  readonly spot: Spot;
}

/** A good reading. */
export function ok<T>(value: T): Reading<T> {
  return { kind: "ok", value };
}

/** A bad reading; `hint` is the next action. */
export function wrong(message: string, hint: string | null = null): Wrong {
  return { kind: "wrong", message, hint, shown: "value", spot: { kind: "value" } };
}
