#!/usr/bin/env bun
import { Command, CommanderError } from "commander";
import { completionCommand } from "./cli/completion.ts";
import { decodeCookieCommand } from "./cli/cookie/decode-cookie.ts";
import { demoCommand } from "./cli/demo/demo.ts";
import { doctorCommand } from "./cli/doctor.ts";
import { explainCommand } from "./cli/explain/explain.ts";
import { healthcheckCommand } from "./cli/healthcheck.ts";
import { schemaCommand } from "./cli/schema.ts";
import { serveCommand } from "./cli/serve.ts";
import { sessionsCommand } from "./cli/sessions.ts";
import { snippetCommand } from "./cli/snippet.ts";
import { error, finish } from "./cli/terminal.ts";
import { testRegexCommand } from "./cli/test-regex.ts";
import { validateCommand } from "./cli/validate.ts";
import { printVersion, versionCommand } from "./cli/version.ts";

/** The only reader of argv and the only caller of process.exit. Each command declares itself in cli/. */
const program = new Command("akproxy")
  .description("authentik's proxy outpost, standalone, for any OpenID Connect issuer")
  .option("-V, --version", "version, commit, Bun version and target; with --json as JSON")
  .option("--json", "with --version: as JSON")
  .on("option:version", () => {
    printVersion(process.argv.includes("--json") ? "json" : "text");
    throw new CommanderError(0, "akproxy.version", "");
  })
  .showHelpAfterError("(see akproxy --help)")
  .enablePositionalOptions()
  .exitOverride();

for (const command of [
  serveCommand(),
  demoCommand(),
  validateCommand(),
  schemaCommand(),
  decodeCookieCommand(),
  snippetCommand(),
  testRegexCommand(),
  explainCommand(),
  doctorCommand(),
  sessionsCommand(),
  healthcheckCommand(),
  completionCommand(),
  versionCommand(),
]) {
  program.addCommand(command.exitOverride().copyInheritedSettings(program));
}

try {
  await program.parseAsync();
} catch (thrown) {
  if (thrown instanceof CommanderError) {
    finish(thrown.exitCode === 0 ? 0 : 2);
  } else {
    error(`a bug: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`, "please report it");
    finish(70);
  }
}
process.exit();
