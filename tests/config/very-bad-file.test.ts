import { expect, test } from "bun:test";
import { parseConfigText } from "../../src/config/load.ts";
import { problemText } from "../../src/core/problem.ts";

test("CFG-01: one run over a very bad file finds everything, in the order of the file", async () => {
  const text = await Bun.file("tests/config/very-bad.toml").text();

  const { config, problems } = await parseConfigText(text, { file: "/srv/akproxy.toml", env: {} });

  expect(config).toBeNull();
  expect(`${problems.map(problemText).join("\n")}\n`).toBe(await Bun.file("tests/config/very-bad.txt").text());
});
