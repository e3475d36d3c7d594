import { expect, test } from "bun:test";
import { runAkproxy } from "../fakes/run-akproxy.ts";

test("schema prints the whole JSON Schema, also into a pipe", async () => {
  const { code, stdout } = await runAkproxy(["schema"]);
  const schema = JSON.parse(stdout);

  expect(code).toBe(0);
  expect(schema.$schema).toBe("https://json-schema.org/draft/2020-12/schema");
  expect(schema.additionalProperties).toBe(false);
  expect(schema.required).toEqual(["providers"]);
  expect(schema.properties.sessions.properties.max).toEqual({
    type: "string",
    default: "24h",
    description: "maximum lifetime of a session",
  });
  expect(schema.properties.providers.propertyNames.pattern).toBe("^[a-z0-9_-]+$");
  expect(schema.properties.providers.additionalProperties.required).toEqual(["mode", "external_host"]);
});

test("every key of the schema has a description", async () => {
  const { stdout } = await runAkproxy(["schema"]);

  const silent = undescribed(JSON.parse(stdout), "");

  expect(silent).toEqual([]);
});

interface Node {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node | boolean;
  readonly items?: Node;
}

function undescribed(node: Node, path: string): readonly string[] {
  const own = Object.entries(node.properties ?? {}).flatMap(([name, child]) => [
    ...(child.description === undefined ? [`${path}.${name}`] : []),
    ...undescribed(child, `${path}.${name}`),
  ]);
  const named =
    typeof node.additionalProperties === "object" ? undescribed(node.additionalProperties, `${path}.*`) : [];
  return [...own, ...named, ...(node.items === undefined ? [] : undescribed(node.items, `${path}[]`))];
}
