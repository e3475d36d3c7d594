import type { Path } from "../findings.ts";
import { nearest } from "./nearest.ts";
import { configJsonSchema } from "./schema.ts";

interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode | boolean;
  readonly items?: SchemaNode;
}

/** Names of keys in other programs, and the name of the key here. */
const otherNames: Readonly<Record<string, string>> = {
  unauthenticated_path: "skip_path_regex",
  unauthenticated_paths: "skip_path_regex",
  skip_auth_regex: "skip_path_regex",
  skip_auth_routes: "skip_path_regex",
  external_url: "external_host",
  upstream: "internal_host",
  upstreams: "internal_host",
  issuer_url: "issuer",
  oidc_issuer_url: "issuer",
  cookie_secret: "secret",
};

/** A hint about the unknown key at `path`: the nearest known name in its table, or the table that has such a key. */
export function unknownKeyHint(path: Path): string {
  const key = String(path.at(-1));
  const root = configJsonSchema() as SchemaNode; // as: zod's JSON Schema, of which only three keywords are used
  const here = Object.keys(nodeAt(root, path.slice(0, -1))?.properties ?? {});
  const renamed = otherNames[key.toLowerCase()];
  if (renamed !== undefined && here.includes(renamed)) return `use "${renamed}" instead`;
  const close = nearest(key, here);
  if (close !== null) return `did you mean "${close}"?`;
  const elsewhere = placesOf(root, renamed ?? key, "");
  if (elsewhere.length > 0) return `move "${renamed ?? key}" to ${elsewhere.slice(0, 2).join(" or ")}`;
  return here.length === 0 ? "remove it" : `use one of: ${here.join(", ")}`;
}

function nodeAt(node: SchemaNode | undefined, path: Path): SchemaNode | undefined {
  const [first, ...rest] = path;
  if (first === undefined || node === undefined) return node;
  if (typeof first === "number") return nodeAt(node.items, rest);
  const child = node.properties?.[first];
  if (child !== undefined) return nodeAt(child, rest);
  return typeof node.additionalProperties === "object" ? nodeAt(node.additionalProperties, rest) : undefined;
}

/** The header of every table that has `key`. */
function placesOf(node: SchemaNode, key: string, table: string): readonly string[] {
  const own = Object.hasOwn(node.properties ?? {}, key) ? [table === "" ? "the top of the file" : `[${table}]`] : [];
  const prefix = table === "" ? "" : `${table}.`;
  const inner = Object.entries(node.properties ?? {}).flatMap(([name, child]) => placesOf(child, key, prefix + name));
  const named = node.additionalProperties;
  return [...own, ...inner, ...(typeof named === "object" ? placesOf(named, key, `${prefix}SLUG`) : [])];
}
