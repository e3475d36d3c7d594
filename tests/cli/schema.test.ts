import { expect, test } from "bun:test";

test("schema prints the JSON Schema whole, also into a pipe", async () => {
  const child = Bun.spawn([process.execPath, "src/main.ts", "schema"], { stdout: "pipe", stderr: "pipe" });

  const schema = JSON.parse(await new Response(child.stdout).text());

  expect(await child.exited).toBe(0);
  expect(schema.$schema).toBe("https://json-schema.org/draft/2020-12/schema");
  expect(schema.additionalProperties).toBe(false);
  expect(schema.required).toEqual(["providers"]);
  expect(schema.properties.sessions.properties.max).toEqual({
    type: "string",
    default: "24h",
    description: "absolute life of a session",
  });
  expect(schema.properties.providers.propertyNames.pattern).toBe("^[a-z0-9_-]+$");
  expect(schema.properties.providers.additionalProperties.required).toEqual(["mode", "external_host"]);
});

test("every key of the schema says what it is for", async () => {
  const child = Bun.spawn([process.execPath, "src/main.ts", "schema"], { stdout: "pipe", stderr: "pipe" });

  const silent = undescribed(JSON.parse(await new Response(child.stdout).text()), "");

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
