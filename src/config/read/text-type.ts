import { z } from "zod";
import type { Path, Spot } from "../findings.ts";
import { ok, type Reading, wrong } from "../reading.ts";

/** What a type of the schema says about a value, once zod has found it to be of the right kind. */
export interface Remark {
  readonly message: string;
  readonly hint: string | null;
  readonly shown: "value" | "nothing"; //          does the quoted value stand before the message?
  readonly spot: Spot;
}

/** Where a type says it: the context that zod gives to a transform. */
export type Context = z.core.$RefinementCtx<unknown>;

/** Adds an issue about the value, or about what stands at `path` below it. The value itself stays usable: the rest is still checked. */
export function addRemark(
  context: Context,
  path: Path,
  remark: Partial<Remark> & Pick<Remark, "message" | "hint">,
): void {
  const params: Remark = { shown: "nothing", spot: { kind: "value" }, ...remark };
  context.addIssue({ code: "custom", path: [...path], message: remark.message, params, continue: true });
}

/** The remark that `addRemark` put into an issue; null for an issue of zod's own. */
export function remarkOf(issue: z.core.$ZodRawIssue): Remark | null {
  // as: every custom issue of the schema is made by addRemark
  return issue.code === "custom" ? (issue.params as unknown as Remark) : null;
}

/** The value of a good reading, else `fallback`; what is wrong becomes an issue. */
export function settle<T, F>(context: Context, path: Path, reading: Reading<T>, fallback: F): T | F {
  if (reading.kind === "ok") return reading.value;
  const { message, hint, spot } = reading;
  addRemark(context, path, { message, hint, spot, shown: "value" });
  return fallback;
}

/** A text that `read` makes a value of; `fallback` stands for one that cannot be read, and keeps the rest of the file checkable. */
export function textOf<T, F>(read: (text: string) => Reading<T>, fallback: F) {
  return z.string().transform((text, context): T | F => settle(context, [], read(text), fallback));
}

/** The same where `""` means that there is none: null. */
export function optionalTextOf<T>(read: (text: string) => Reading<T>) {
  return textOf((text): Reading<T | null> => (text === "" ? ok(null) : read(text)), null);
}

/** A list of such texts. */
export function listOf<T, F>(read: (text: string) => Reading<T>, fallback: F) {
  return z
    .array(z.string())
    .transform((texts, context): readonly (T | F)[] =>
      texts.map((text, index) => settle(context, [index], read(text), fallback)),
    );
}

/** A text that becomes a header's value. */
export function headerText() {
  return textOf((text) => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these may not stand in a header (RFC 9110 5.5)
    if (text !== "" && !/[\u0000-\u001f\u007f]/.test(text)) return ok(text);
    return wrong("is not a valid header value", "write a text without control characters");
  }, "");
}

/** A text that is taken as it is. */
export function text(initial: string, meaning: string) {
  return z.string().default(initial).describe(meaning);
}

/** Texts that are taken as they are. */
export function texts(meaning: string) {
  return z.array(z.string()).default([]).describe(meaning);
}

/** True or false. */
export function flag(initial: false | true, meaning: string) {
  return z.boolean().default(initial).describe(meaning);
}
