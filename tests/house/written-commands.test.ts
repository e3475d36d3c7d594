import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runAkproxy } from "../fakes/run-akproxy.ts";
import { blocksOf, spansOf, type WrittenCode } from "./written-code.ts";

const config = `
[oidc]
issuer = "https://idp.company/"
client_id = "akproxy"
client_secret = "only-for-the-test"

[providers.app]
mode = "forward_single"
external_host = "https://app.company"

[providers.corp]
mode = "forward_domain"
external_host = "https://auth.corp.company"
cookie_domain = "corp.company"
rules = [{ access = "login" }]
`;

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "akproxy-written-"));
  writeFileSync(join(folder, "akproxy.toml"), config, { mode: 0o600 });
});
afterAll(() => rmSync(folder, { recursive: true }));

async function run(...words: readonly string[]): Promise<{ readonly exitCode: number; readonly output: string }> {
  const { code, stdout, stderr } = await runAkproxy(words, { cwd: folder, env: { NO_COLOR: "1" } });
  return { exitCode: code, output: stdout + stderr };
}

/** The command lines of a block of shell: without comments, what they are piped to and where they write. */
function commandLines({ place, text }: WrittenCode): readonly WrittenCode[] {
  const lines = text.split("\n").map((line) => line.replace(/\s#.*$/, "").trim());
  return lines.flatMap((line) => {
    const command = /(?:^|[|;&] *)akproxy (.*)$/.exec(line)?.[1]?.replace(/ *(?:[|;&]|\d?>).*$/, "");
    return command === undefined ? [] : [{ place, text: command }];
  });
}

test("every command that a page names exists, and has the options that stand with it", async () => {
  const inBlocks = (await blocksOf("sh")).flatMap(commandLines);
  const inText = (await spansOf())
    .filter(({ text }) => text.startsWith("akproxy "))
    .map(({ place, text }) => ({ place, text: text.slice("akproxy ".length) }));
  const named = [...inBlocks, ...inText].filter(({ text }) => !text.startsWith("--"));
  const commands = [...new Set(named.map(({ text }) => text.split(" ")[0] ?? ""))];
  const pairs = await Promise.all(commands.map(async (command) => [command, await run("help", command)] as const));
  const helps = new Map(pairs);

  const unknown = named.flatMap(({ place, text }) => {
    const [command = "", ...words] = text.split(" ");
    const help = helps.get(command)?.output ?? "";
    if (!help.startsWith(`Usage: akproxy ${command} `)) return [`${place}: akproxy ${command}`];
    const options = words.map((word) => /^\[?(--?[a-z][a-z-]*)/.exec(word)?.[1]).filter((word) => word !== undefined);
    return options
      .filter((option) => !new RegExp(`^ +(-[a-z], )?${option}[ ,]`, "m").test(help))
      .map((option) => `${place}: akproxy ${command} ${option}`);
  });

  expect(named.length).toBeGreaterThan(30);
  expect(unknown).toEqual([]);
});

/** These serve until a signal, or need something that this test lacks: a cookie, an issuer, a store, a running akproxy. */
const notRun = ["serve", "demo", "decode-cookie", "doctor", "sessions", "healthcheck"];

test("every command line of a page runs as it stands, with an application's and a domain's config", async () => {
  const lines = (await blocksOf("sh"))
    .flatMap(commandLines)
    .filter(({ text }) => !notRun.includes(text.split(" ")[0] ?? "") && !text.includes("/etc/akproxy/"));

  const refused: string[] = [];
  for (const { place, text } of lines) {
    const words = [...text.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map((word) => word[1] ?? word[2] ?? word[3] ?? "");
    const { exitCode, output } = await run(...words);
    if (exitCode > 1) refused.push(`${place}: akproxy ${text}: ${exitCode} ${output}`);
  }

  expect(lines.length).toBeGreaterThan(10);
  expect(refused).toEqual([]);
});
