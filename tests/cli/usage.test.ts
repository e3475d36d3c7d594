import { expect, test } from "bun:test";
import { runAkproxy } from "../fakes/run-akproxy.ts";

async function run(...words: readonly string[]) {
  const { code, stdout, stderr } = await runAkproxy(words, { env: { NO_COLOR: "1" } });
  return { code, out: stdout, lines: stderr.trimEnd().split("\n") };
}

test.each([
  [["serv"], "unknown command 'serv'", "did you mean serve?"],
  [["--x\u001b[2J"], "unknown option '--x\\u001b[2J'", "see: akproxy --help"],
  [["--vresion"], "unknown option '--vresion'", "did you mean --version?"],
  [["completion", "bsh"], 'completion: shell "bsh" is not one of bash, zsh, fish', 'did you mean "bash"?'],
  [["completion", "tcl"], 'completion: shell "tcl" is not one of bash, zsh, fish', "choose one of these"],
  [["completion"], "completion: missing required argument 'shell'", "see: akproxy completion --help"],
  [
    ["snippet", "ngnix", "app"],
    'snippet: target "ngnix" is not one of nginx, caddy, haproxy, apache, traefik, envoy',
    'did you mean "nginx"?',
  ],
  [["sessions", "lst"], 'sessions: action "lst" is not one of list, show, revoke', 'did you mean "list"?'],
  [
    ["sessions", "show", "AA"],
    'sessions: "AA" is not a handle',
    "a handle has 10 characters; see: akproxy sessions list",
  ],
  [["sessions", "list", "--al"], "sessions: unknown option '--al'", "did you mean --all?"],
  [
    ["validate", "--format", "jsn"],
    'validate: --format: "jsn" is not one of text, json, github',
    'did you mean "json"?',
  ],
  [
    ["test-regex", "--mode", "forwad_single", "/x"],
    'test-regex: --mode: "forwad_single" is not one of proxy, forward_single, forward_domain',
    'did you mean "forward_single"?',
  ],
  [
    ["demo", "--port", "x' is invalid. y\nhint: z"],
    `demo: port "x' is invalid. y\\nhint: z" is not a port`,
    "use a port from 1 to 65535, for example --port 9000",
  ],
  [
    ["schema", "a", "b"],
    "schema: too many arguments for 'schema'. Expected 0 arguments but got 2: a, b",
    "see: akproxy schema --help",
  ],
])("a wrong word is exit 2, with one error and one hint: %j", async (words, message, hint) => {
  expect(await run(...words)).toEqual({
    code: 2,
    out: "",
    lines: [`akproxy: error: ${message}`, `akproxy: hint: ${hint}`],
  });
});

test("every command that reads a config has the same -c", async () => {
  const without = ["demo", "schema", "completion", "version"];
  const help = (await run("--help")).out;
  const commands = [...(help.split("Commands:")[1] ?? "").matchAll(/^ {2}([a-z-]+)/gm)]
    .map((match) => match[1] ?? "")
    .filter((command) => command !== "help" && !without.includes(command));

  const helps = await Promise.all(commands.map(async (command) => (await run(command, "--help")).out));
  const options = commands.map((command, at) => {
    const text = helps[at]?.replace(/\s+/g, " ") ?? "";
    return `${command}: ${/-c, --config <file> .*?\/etc\/akproxy\/config\.toml\)/.exec(text)?.[0]}`;
  });

  expect(commands.length).toBeGreaterThan(7);
  expect(options).toEqual(
    commands.map(
      (command) =>
        `${command}: -c, --config <file> config file (default: $AKPROXY_CONFIG, then ./akproxy.toml, then /etc/akproxy/config.toml)`,
    ),
  );
});

test("help suggests the command that is meant, and prints the help of a right one", async () => {
  const wrong = await runAkproxy(["help", "serv"]);
  const right = await runAkproxy(["help", "version"]);
  const all = await runAkproxy(["help"]);

  expect(wrong.stderr).toStartWith('akproxy: error: help: command "serv" is not one of serve, demo, ');
  expect(wrong.stderr).toEndWith('akproxy: hint: did you mean "serve"?\n');
  expect([wrong.code, wrong.stdout]).toEqual([2, ""]);
  expect([right.code, right.stderr]).toEqual([0, ""]);
  expect(right.stdout).toBe((await runAkproxy(["version", "--help"])).stdout);
  expect(all).toEqual(await runAkproxy(["--help"]));
});
