import { expect, test } from "bun:test";
import { Glob } from "bun";
import { dialectOf, dialects } from "../../../src/core/forward-auth/dialects.ts";
import { snippetTargets } from "../../../src/snippets/snippet.ts";

test.each(dialects.map((dialect) => [dialect.name, dialect] as const))("%s: its own path names it", (name, dialect) => {
  expect(dialectOf(dialect.path)?.name).toBe(name);
  expect(dialectOf(`${dialect.path}x`)).toBeNull();
});

test.each(dialects.map(({ name, snippet }) => [name, snippet] as const))(
  "%s: a snippet shows its config",
  (_, snippet) => {
    expect(snippetTargets.map(String)).toContain(snippet);
  },
);

test("a header that names the method is one that the dialect reads", () => {
  const headers = [
    ["Host", "app.test"],
    ["X-Forwarded-Proto", "https"],
    ["X-Forwarded-Host", "app.test"],
    ["X-Forwarded-Uri", "/"],
    ["X-Original-URL", "https://app.test/"],
  ] as const;

  const methods = dialects.map(({ name, path, methodHeader, originalUrl }) => {
    const said = methodHeader === null ? [] : [[methodHeader, "PUT"] as const];
    const told = originalUrl({ method: "GET", scheme: "https", target: path, headers: [...headers, ...said] });
    return [name, told.kind === "known" ? told.original.method : told.kind];
  });

  expect(methods).toEqual([
    ["nginx", "PUT"],
    ["traefik", "PUT"],
    ["caddy", "PUT"],
    ["forward", "PUT"],
    ["envoy", "GET"],
  ]);
});

test("no code outside the table tells reverse proxies apart by name", async () => {
  const comparison = /(?:[!=]==|case)\s*"(?:nginx|traefik|caddy|envoy|haproxy|apache)"|\bdialect\.name\s*[!=]==/;
  const files = [...new Glob("**/*.ts").scanSync("src")];

  const found: string[] = [];
  for (const file of files) if (comparison.test(await Bun.file(`src/${file}`).text())) found.push(file);

  expect(found).toEqual([]);
});
