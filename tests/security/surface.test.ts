import { expect, test } from "bun:test";

const files = await Promise.all(
  [...new Bun.Glob("**/*.ts").scanSync("src")].map(
    async (file) => [file, await Bun.file(`src/${file}`).text()] as const,
  ),
);
const naming = (pattern: RegExp) => files.filter(([, text]) => pattern.test(text)).map(([file]) => file);

test("SUP-05: the framework only routes: no web request, cookie, schema or body of it is on the way of a request", () => {
  const routing = files.filter(([, text]) => /from "elysia"/.test(text));

  expect(routing.map(([file]) => file).sort()).toEqual([
    "http/admin/admin.ts",
    "http/routes.ts",
    "wire/elysia-adapter.ts",
  ]);
  expect(
    routing.flatMap(([file, text]) =>
      /new (Request|Response|Headers)\(|\bt\.[A-Z]|\.cookie\b|\.guard\(/.test(text) ? [file] : [],
    ),
  ).toEqual([]);
});

test("SUP-05: nothing starts a shell, evaluates text or turns certificates off for the whole process", () => {
  expect(naming(/\bBun\.\$|from "node:child_process"|import\s*\{\s*\$\s*\}|\beval\(|new Function\(/)).toEqual([]);
  expect(naming(/process\.env(?:\.|\[")NODE_TLS_REJECT_UNAUTHORIZED(?:"\])?\s*=[^=]/)).toEqual([]);
});

test("decision 20: a URL from a request is fetched by the upstream client only", () => {
  expect(naming(/\bfetch\(/).filter((file) => !/^(idp|cli|demo|compose|doctor)\//.test(file))).toEqual([]);
});
