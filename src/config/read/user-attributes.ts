import { z } from "zod";
import type { AttributeTable, AttributeTemplate } from "../../core/identity/ak-proxy.ts";
import { parseTemplate, type Template } from "../../core/identity/template.ts";
import { additionalNameProblem } from "../../core/upstream/attribute-headers.ts";
import { isTable } from "../file/tree.ts";
import type { Path } from "../findings.ts";
import { ok, type Reading, wrong } from "../reading.ts";
import { addRemark, type Context } from "./text-type.ts";

/** A template of the config; a mistake is reported at its character. */
export function readTemplate(text: string): Reading<Template> {
  const parsed = parseTemplate(text);
  if (parsed.kind === "template") return ok(parsed.template);
  const spot = { kind: "character", offset: parsed.offset } as const;
  return { ...wrong(parsed.message, parsed.hint), spot };
}

/** `user_attributes`: any table. Its strings are templates, and its `additionalHeaders` become request headers. */
export function userAttributes() {
  return z.record(z.string(), z.unknown()).transform((table, context): AttributeTable => {
    const attributes: Record<string, AttributeTemplate> = Object.create(null);
    for (const [name, value] of Object.entries(table)) {
      const read = name === "additionalHeaders" ? readHeaders : readAttribute;
      const attribute = read(context, [name], value);
      if (attribute !== null) attributes[name] = attribute;
    }
    return attributes;
  });
}

function readHeaders(context: Context, path: Path, value: unknown): AttributeTemplate | null {
  if (!isTable(value)) {
    const hint = 'write a table: additionalHeaders = { X-App-User = "{preferred_username}" }';
    addRemark(context, path, { message: "must be a table of header names and values", hint });
    return null;
  }
  const entries: Record<string, AttributeTemplate> = Object.create(null);
  for (const [name, text] of Object.entries(value)) {
    const at = [...path, name];
    const problem = additionalNameProblem(name);
    if (problem !== null) {
      addRemark(context, at, {
        message: problem,
        hint: "remove it, or use another header name: akproxy never sends this one",
        spot: { kind: "key" },
      });
    }
    const attribute = readAttribute(context, at, text);
    if (attribute?.kind === "list" || attribute?.kind === "table") {
      const message = "must be a text, a number, true or false";
      addRemark(context, at, { message, hint: "write one text; a claim that is a list is joined with |" });
    } else if (attribute !== null) entries[name] = attribute;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a header value must not have these (RFC 9110 5.5)
    if (typeof text === "string" && /[\u0000-\u001f\u007f]/.test(text)) {
      addRemark(context, at, {
        message: "has a control character",
        hint: "remove it: this text becomes a header value",
      });
    }
  }
  return { kind: "table", entries };
}

function readAttribute(context: Context, path: Path, value: unknown): AttributeTemplate | null {
  if (typeof value === "number" || typeof value === "boolean") return { kind: "value", value };
  if (typeof value === "string") {
    const reading = readTemplate(value);
    if (reading.kind === "ok") return { kind: "text", template: reading.value };
    addRemark(context, path, { message: reading.message, hint: reading.hint, spot: reading.spot }); // the value may be a password
    return null;
  }
  if (Array.isArray(value)) {
    const items = value.map((item: unknown, index) => readAttribute(context, [...path, index], item));
    return { kind: "list", items: items.filter((item) => item !== null) };
  }
  if (isTable(value)) {
    const entries = Object.entries(value).flatMap(([name, inner]) => {
      const attribute = readAttribute(context, [...path, name], inner);
      return attribute === null ? [] : [[name, attribute] as const];
    });
    return { kind: "table", entries: Object.fromEntries(entries) };
  }
  addRemark(context, path, { message: "is a date", hint: "write it in quotes" });
  return null;
}
