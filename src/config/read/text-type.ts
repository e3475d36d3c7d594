import { z } from "zod";
import type { Path, Spot } from "../findings.ts";
import { ok, type Reading, wrong } from "../reading.ts";

/** A problem that a type of the schema finds in a value of the right TOML type. */
export interface Remark {
  readonly message: string;
  readonly hint: string | null;
  readonly shown: "value" | "nothing"; //          is the quoted value put before the message?
  readonly spot: Spot;
}

/** The context that zod passes to a transform, which takes issues. */
export type Context = z.core.$RefinementCtx<unknown>;

/** Adds an issue about the value, or about the part of it at `path`. The rest of the file is still checked. */
export function addRemark(
  context: Context,
  path: Path,
  remark: Partial<Remark> & Pick<Remark, "message" | "hint">,
): void {
  const params: Remark = { shown: "nothing", spot: { kind: "value" }, ...remark };
  context.addIssue({ code: "custom", path: [...path], message: remark.message, params, continue: true });
}

/** The remark in an issue of `addRemark`; null for an issue of zod itself. */
export function remarkOf(issue: z.core.$ZodRawIssue): Remark | null {
  // as: every custom issue of the schema is made by addRemark
  return issue.code === "custom" ? (issue.params as unknown as Remark) : null;
}

/** The value of a reading. If the text is wrong, adds an issue and returns `fallback`. */
export function settle<T, F>(context: Context, path: Path, reading: Reading<T>, fallback: F): T | F {
  if (reading.kind === "ok") return reading.value;
  const { message, hint, spot } = reading;
  addRemark(context, path, { message, hint, spot, shown: "value" });
  return fallback;
}

/** A string that `read` turns into a value; `fallback` is the value of a string that cannot be read. */
export function textOf<T, F>(read: (text: string) => Reading<T>, fallback: F) {
  return z.string().transform((text, context): T | F => settle(context, [], read(text), fallback));
}

/** The same for a key where `""` means none: its value is null. */
export function optionalTextOf<T>(read: (text: string) => Reading<T>) {
  return textOf((text): Reading<T | null> => (text === "" ? ok(null) : read(text)), null);
}

/** A list of such strings. */
export function listOf<T, F>(read: (text: string) => Reading<T>, fallback: F) {
  return z
    .array(z.string())
    .transform((texts, context): readonly (T | F)[] =>
      texts.map((text, index) => settle(context, [index], read(text), fallback)),
    );
}

/** A string that is sent as a header value. */
export function headerText() {
  return textOf((text) => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a header value must not have these (RFC 9110 5.5)
    if (text !== "" && !/[\u0000-\u001f\u007f]/.test(text)) return ok(text);
    return wrong("is not a valid header value", "write a text without control characters");
  }, "");
}

/** A string without further checks. */
export function text(initial: string, meaning: string) {
  return z.string().default(initial).describe(meaning);
}

/** A list of strings without further checks. */
export function texts(meaning: string) {
  return z.array(z.string()).default([]).describe(meaning);
}

/** True or false. */
export function flag(initial: false | true, meaning: string) {
  return z.boolean().default(initial).describe(meaning);
}
