#!/usr/bin/env bun
import { Command, CommanderError } from "commander";
import { completionCommand } from "./cli/completion/completion.ts";
import { decodeCookieCommand } from "./cli/cookie/decode-cookie.ts";
import { demoCommand } from "./cli/demo/demo.ts";
import { doctorCommand } from "./cli/doctor/doctor.ts";
import { explainCommand } from "./cli/explain/explain.ts";
import { healthcheckCommand } from "./cli/healthcheck.ts";
import { helpCommand } from "./cli/help.ts";
import { schemaCommand } from "./cli/schema.ts";
import { serveCommand } from "./cli/serve/serve.ts";
import { sessionsCommand } from "./cli/sessions/sessions.ts";
import { snippetCommand } from "./cli/snippet/snippet.ts";
import { error, finish } from "./cli/terminal.ts";
import { testRegexCommand } from "./cli/test-regex/test-regex.ts";
import { usageErrors } from "./cli/usage.ts";
import { validateCommand } from "./cli/validate.ts";
import { printVersion, versionCommand } from "./cli/version.ts";

/** Every command, in the order of the help. The help, the completions and the test of README's table read this list. */
const commands: readonly (() => Command)[] = [
  serveCommand,
  demoCommand,
  validateCommand,
  schemaCommand,
  decodeCookieCommand,
  snippetCommand,
  testRegexCommand,
  explainCommand,
  doctorCommand,
  sessionsCommand,
  healthcheckCommand,
  completionCommand,
  versionCommand,
];

/** The program. Only this file reads argv, and only this file ends the process. */
const program = new Command("akproxy")
  .description("authentik's proxy outpost, standalone, for any OpenID Connect issuer")
  .option("-V, --version", "print the version, the commit, the Bun version and the target")
  .option("--json", "with --version: print JSON")
  .on("option:version", () => {
    printVersion(process.argv.includes("--json") ? "json" : "text");
    throw new CommanderError(0, "akproxy.version", "");
  })
  .helpCommand(false) // helpCommand() has suggestions
  .enablePositionalOptions()
  .exitOverride();
usageErrors(program, "akproxy");

for (const declared of [...commands, () => helpCommand(program)]) {
  const command = declared().exitOverride().copyInheritedSettings(program);
  program.addCommand(usageErrors(command, `akproxy ${command.name()}`));
}

try {
  await program.parseAsync();
} catch (thrown) {
  if (thrown instanceof CommanderError) {
    finish(thrown.exitCode === 0 ? 0 : 2);
  } else {
    const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    error(`internal error: ${text}`, "report it, with this text");
    finish(70);
  }
}
process.exit();
