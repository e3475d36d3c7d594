import { Command, type Option } from "commander";
import { out } from "../terminal.ts";
import { choiceArgument } from "../usage.ts";
import {
  type CommandWords,
  completionScript,
  completionShells,
  type OptionValue,
  type OptionWords,
} from "./completion-script.ts";

/** `akproxy completion`: a shell's completions, made from the commands of the program (spec: cli). */
export function completionCommand(): Command {
  return new Command("completion")
    .description("print completions for a shell")
    .addArgument(choiceArgument("<shell>", "the shell", completionShells))
    .addHelpText(
      "after",
      "\nInstall them as: bash /etc/bash_completion.d/akproxy, zsh _akproxy in a folder of" +
        "\n$fpath, fish ~/.config/fish/completions/akproxy.fish" +
        "\n\nExamples:\n  source <(akproxy completion bash)\n  akproxy completion fish > ~/.config/fish/completions/akproxy.fish",
    )
    .action((shell: (typeof completionShells)[number], _options: unknown, command: Command) => {
      const program = command.parent ?? command;
      out(completionScript(shell, program.commands.map(wordsOf)));
    });
}

function wordsOf(command: Command): CommandWords {
  return {
    name: command.name(),
    description: command.description(),
    choices: command.registeredArguments[0]?.argChoices ?? [],
    // visibleOptions has --help, too, which commander adds
    options: command.createHelp().visibleOptions(command).flatMap(optionOf),
  };
}

function optionOf({ short, long, flags, argChoices, description }: Option): readonly OptionWords[] {
  if (long === undefined) return [];
  return [{ short: short ?? null, long, description, value: takenBy(flags, argChoices) }];
}

function takenBy(flags: string, choices: readonly string[] | undefined): OptionValue {
  if (choices !== undefined) return { kind: "choices", choices };
  const name = /<([^>]+)>$/.exec(flags)?.[1];
  if (name === undefined) return { kind: "none" };
  return { kind: name === "file" ? "file" : "text" };
}
