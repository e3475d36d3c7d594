import { expect, test } from "bun:test";
import { parse } from "smol-toml";
import { loadConfig } from "../../src/config/load.ts";
import { configJsonSchema } from "../../src/config/schema/schema.ts";

const text = await Bun.file("config.example.toml").text();

interface Node {
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node | boolean;
  readonly items?: Node;
  readonly default?: unknown;
}

/** `table.key` of every leaf of the schema; a provider is `app`. */
function leaves(node: Node, path: string): readonly string[] {
  const tables = Object.entries(node.properties ?? {}).flatMap(([name, child]) =>
    leaves(child, path === "" ? name : `${path}.${name}`),
  );
  if (tables.length > 0) return tables;
  if (typeof node.additionalProperties === "object" && node.additionalProperties.properties !== undefined) {
    return leaves(node.additionalProperties, `${path}.app`);
  }
  return node.items?.properties === undefined ? [path] : leaves(node.items, path);
}

/** `table.key` of every key in the example, commented or not, in order. */
function keysOf(example: string): readonly string[] {
  let table = "";
  const keys: string[] = [];
  for (const line of example.split("\n")) {
    const header = /^(?:# )?\[+([\w.]+)\]+$/.exec(line)?.[1];
    if (header !== undefined) table = `${header}.`;
    const key = /^(?:# )?(\w+) = /.exec(line)?.[1];
    if (key !== undefined) keys.push(table + key);
  }
  return keys;
}

test("config.example.toml has no problem", async () => {
  const { config, problems } = await loadConfig({ file: "config.example.toml", env: { CLIENT_SECRET: "x" } });

  expect(problems).toEqual([]);
  expect(config?.providers.map((provider) => provider.slug)).toEqual(["app"]);
});

test("config.example.toml names its schema, and has every key of it once", () => {
  const schema = configJsonSchema() as Node; // as: of the JSON Schema four keywords are read

  expect(text).toStartWith("#:schema ./akproxy.schema.json\n");
  expect([...keysOf(text)].sort()).toEqual([...leaves(schema, "")].sort());
});

test("every key of config.example.toml has a comment on its line", () => {
  const bare = text.split("\n").filter((line) => /^(?:# )?\w+ = /.test(line) && !/ # \S/.test(line));

  expect(bare).toEqual([]);
});

test("the values in config.example.toml are the defaults, except for the six keys without one", () => {
  const schema = configJsonSchema() as Node; // as: of the JSON Schema four keywords are read

  expect(differences(schema, parse(text), "")).toEqual([
    "oidc.issuer",
    "oidc.client_id",
    "oidc.client_secret",
    "providers.app.mode",
    "providers.app.external_host",
    "providers.app.internal_host",
  ]);
});

function differences(node: Node | undefined, value: unknown, path: string): readonly string[] {
  const isTable = typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isTable || (node?.properties === undefined && typeof node?.additionalProperties !== "object")) {
    return Bun.deepEquals(node?.default, value) ? [] : [path];
  }
  return Object.entries(value).flatMap(([key, inner]) => {
    const named = typeof node.additionalProperties === "object" ? node.additionalProperties : undefined;
    return differences(node.properties?.[key] ?? named, inner, path === "" ? key : `${path}.${key}`);
  });
}
