import { expect, test } from "bun:test";
import { findConfigFile } from "../../../src/config/file/find-config-file.ts";

const all = ["flag.toml", "variable.toml", "./akproxy.toml", "/etc/akproxy/config.toml"];
const env = { AKPROXY_CONFIG: "variable.toml" };

test.each([
  ["flag.toml", env, all, "flag.toml"],
  [undefined, env, all, "variable.toml"],
  [undefined, {}, all, "./akproxy.toml"],
  [undefined, { AKPROXY_CONFIG: "" }, all, "./akproxy.toml"],
  [undefined, {}, ["/etc/akproxy/config.toml"], "/etc/akproxy/config.toml"],
] as const)("-c %p with %j takes the first of flag, variable, folder and /etc", (flag, environment, present, file) => {
  const found = findConfigFile(flag, environment, (name) => (present as readonly string[]).includes(name)); // as: to ask for any name

  expect(found).toEqual({ kind: "found", file });
});

test.each([
  ["nowhere.toml", env, "the config file nowhere.toml does not exist (named by --config)"],
  [undefined, { AKPROXY_CONFIG: "gone.toml" }, "the config file gone.toml does not exist (named by $AKPROXY_CONFIG)"],
])("a file that was asked for (%p) is not replaced by another", (flag, environment, message) => {
  const found = findConfigFile(flag, environment, (name) => name === "./akproxy.toml" || name === "variable.toml");

  expect(found).toMatchObject({ kind: "absent", problem: { message, severity: "error" } });
});

test("without a config file the error names every place that was tried", () => {
  const found = findConfigFile(undefined, {}, () => false);

  expect(found).toMatchObject({
    kind: "absent",
    problem: {
      message:
        "the config file ./akproxy.toml does not exist (nor does /etc/akproxy/config.toml, and $AKPROXY_CONFIG is not set)",
    },
  });
});
