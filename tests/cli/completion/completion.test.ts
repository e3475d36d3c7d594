import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isLeftOut } from "../../fakes/left-out.ts";
import { runAkproxy } from "../../fakes/run-akproxy.ts";

const completion = (shell: string) => runAkproxy(["completion", shell]);

const script = (await completion("bash")).stdout;

/** What bash offers after these words, of which the last is under the cursor; by its own complete, in `folder`. */
function offered(words: readonly string[], folder = "."): readonly string[] {
  const asking = `
    eval "$SCRIPT"
    [[ $(complete -p akproxy) == *" -F _akproxy akproxy" ]] || exit 9
    COMP_WORDS=(akproxy "$@"); COMP_CWORD=$#
    _akproxy
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const child = Bun.spawnSync(["bash", "--norc", "-c", asking, "bash", ...words], {
    cwd: folder,
    env: { PATH: process.env["PATH"] ?? "", SCRIPT: script },
    stderr: "pipe",
  });
  if (child.exitCode !== 0 || child.stderr.length > 0) throw new Error(`bash: ${child.stderr}`);
  return child.stdout
    .toString()
    .split("\n")
    .filter((line) => line !== "");
}

test("bash completes commands by their first letters", () => {
  expect(offered(["se"])).toEqual(["serve", "sessions"]);
  expect(offered(["decode"])).toEqual(["decode-cookie"]);
});

test("bash completes every command", async () => {
  const help = (await runAkproxy(["--help"])).stdout;
  const existing = [...(help.split("Commands:")[1] ?? "").matchAll(/^ {2}([a-z-]+)/gm)].map((match) => match[1] ?? "");

  expect(
    offered([""])
      .filter((word) => !word.startsWith("-"))
      .toSorted(),
  ).toEqual(existing.toSorted());
});

test("bash completes a command's first argument, its options, and their values", () => {
  expect(offered(["sessions", ""])).toEqual(["list", "show", "revoke"]);
  expect(offered(["snippet", "-c", "x.toml", "ng"])).toEqual(["nginx"]);
  expect(offered(["sessions", "list", "--"])).toEqual(["--config", "--user", "--all", "--json", "--help"]);
  expect(offered(["validate", "--format", "j"])).toEqual(["json"]);
  expect(offered(["help", "healthc"])).toEqual(["healthcheck"]);
});

test("bash offers nothing for a value that akproxy cannot know", () => {
  expect(offered(["sessions", "list", "--user", ""])).toEqual([]);
  expect(offered(["sessions", "show", ""])).toEqual([]);
  expect(offered(["nonsense", "--"])).toEqual([]);
});

test("bash completes files after -c, also a file with a space in its name", () => {
  const folder = mkdtempSync(join(tmpdir(), "akproxy-completion-"));
  writeFileSync(join(folder, "my config.toml"), "");
  writeFileSync(join(folder, "other.toml"), "");

  const both = offered(["serve", "-c", ""], folder);
  const one = offered(["serve", "--config", "my"], folder);
  rmSync(folder, { recursive: true });

  expect(both.toSorted()).toEqual(["my config.toml", "other.toml"]);
  expect(one).toEqual(["my config.toml"]);
});

test("zsh's script has commands with their descriptions, options with their values, and the words of arguments", async () => {
  const { stdout, code } = await completion("zsh");

  expect(code).toBe(0);
  expect(stdout).toStartWith("#compdef akproxy\n");
  expect(stdout).toContain(
    "    'healthcheck:ask the running akproxy whether it is alive, for a container'\\''s HEALTHCHECK'\n",
  );
  expect(stdout).toContain("'--format[output format]: :(text json github)'");
  expect(stdout).toContain("'(-c --config)'{-c,--config}'[config file (default: ");
  expect(stdout).toContain("'1: :(list show revoke)' ;;");
});

test("fish's script has a line for each command, option and argument", async () => {
  const { stdout, code } = await completion("fish");

  expect(code).toBe(0);
  expect(stdout).toContain("complete -c akproxy -n __fish_use_subcommand -a sessions -d '");
  expect(stdout).toContain("complete -c akproxy -n '__fish_seen_subcommand_from sessions' -l user -x -d '");
  expect(stdout).toContain("complete -c akproxy -n '__fish_seen_subcommand_from serve' -s c -l config -r -F -d '");
  expect(stdout).toContain("and not __fish_seen_subcommand_from list show revoke' -a 'list show revoke'");
});

test.each([
  ["bash", ["-n"]],
  ["zsh", ["-n"]],
  ["fish", ["--no-execute"]],
])("%s itself finds no fault in its script, where it is installed", async (shell, check) => {
  const program = Bun.which(shell);
  if (program === null) {
    isLeftOut(`the completion script in ${shell} itself`, "it is not installed");
    return;
  }

  const child = Bun.spawnSync([program, ...check, "/dev/stdin"], {
    stdin: new Blob([(await completion(shell)).stdout]),
    stderr: "pipe",
  });

  expect([child.exitCode, child.stderr.toString()]).toEqual([0, ""]);
});

test("another shell is a usage error", async () => {
  expect((await completion("tcsh")).code).toBe(2);
});
