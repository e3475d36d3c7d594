import { Command } from "commander";
import { choiceArgument } from "./usage.ts";

/** `akproxy help [COMMAND]`, for the commands that `program` has by now. */
export function helpCommand(program: Command): Command {
  const names = program.commands.map((command) => command.name());
  return new Command("help")
    .description("print the help of a command")
    .addArgument(choiceArgument("[command]", "the command; without it, the list of commands", names))
    .addHelpText("after", "\nExamples:\n  akproxy help\n  akproxy help validate")
    .action((name: string | undefined) => {
      const command = program.commands.find((candidate) => candidate.name() === name) ?? program;
      command.outputHelp();
    });
}
