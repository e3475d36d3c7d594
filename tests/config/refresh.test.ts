import { expect, test } from "bun:test";
import { parseConfigText } from "../../src/config/load.ts";
import { configText, goodEnv } from "./problem-lines.ts";

test.each([
  ["", true],
  ["[sessions]\nrefresh = true", true],
  ["[sessions]\nrefresh = false", false],
])("with %j a provider refreshes claims: %p", async (top, refreshes) => {
  const { config, problems } = await parseConfigText(configText({ top }), { file: "a.toml", env: goodEnv });

  expect(problems).toEqual([]);
  expect(config?.providers.map(({ refreshesClaims }) => refreshesClaims)).toEqual([refreshes]);
});
