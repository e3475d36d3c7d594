import { Argument, type Command, InvalidArgumentError, Option } from "commander";
import { nearest } from "../config/schema/nearest.ts";
import { printable } from "../core/printable.ts";
import { error } from "./terminal.ts";

/**
 * Words of the command line that are read by type. A wrong word ends the command with exit code 2 before it starts, with the same two
 * lines as any other error: what is wrong, then what to do.
 */

/** What a parser of an argument or an option throws. `message` names the word itself, as `--port: "x" is not a port`; one line each. */
export function badWord(message: string, hint: string): InvalidArgumentError {
  return new InvalidArgumentError(`\n${message}\n${hintMark}${hint}`);
}

const hintMark = "hint: ";

/** An argument that takes one of `choices`. */
export function choiceArgument(name: string, description: string, choices: readonly string[]): Argument {
  const argument = new Argument(name, description).choices(choices);
  return argument.argParser((word: string) => chosen(argument.name(), word, choices));
}

/** An option that takes one of `choices`. */
export function choiceOption(flags: string, description: string, choices: readonly string[]): Option {
  const option = new Option(flags, description).choices(choices);
  return option.argParser((word: string) => chosen(`${option.long}:`, word, choices));
}

function chosen(label: string, word: string, choices: readonly string[]): string {
  if (choices.includes(word)) return word;
  const close = nearest(word, choices);
  throw badWord(
    `${label} ${JSON.stringify(word)} is not one of ${choices.join(", ")}`,
    close === null ? "choose one of these" : `did you mean ${JSON.stringify(close)}?`,
  );
}

/** An option whose word `read` turns into its value, or refuses by `badWord`. */
export function typedOption<Value>(
  flags: string,
  description: string,
  read: (word: string, before: Value | undefined) => Value,
): Option {
  return new Option(flags, description).argParser<Value>((word, before) => read(word, before));
}

/** An option that may be repeated; each word is read by `read`. */
export function repeatable<Value>(read: (word: string) => Value) {
  return (word: string, before: readonly Value[] | undefined): readonly Value[] => [...(before ?? []), read(word)];
}

/** A hint for a word that is not one of `known`. `begin`: how the list of them begins. */
export function didYouMean(word: string, known: readonly string[], begin: string): string {
  const close = nearest(word, known);
  const all = `${begin}: ${known.join(", ")}`;
  return close === null ? all : `did you mean ${JSON.stringify(close)}? ${all}`;
}

/** Prints commander's usage errors in the form of all others, with a hint. */
export function usageErrors(command: Command, path: "akproxy" | `akproxy ${string}`): Command {
  const place = path.slice("akproxy ".length);
  return command.showHelpAfterError(false).configureOutput({
    outputError(text) {
      const { message, hint } = usageError(text);
      error(printable(place === "" ? message : `${place}: ${message}`), hint ?? `see: ${path} --help`);
    },
  });
}

interface UsageError {
  readonly message: string;
  readonly hint: string | null;
}

/** Commander writes a sentence of its own before a parser's message, which says all of it; and its suggestion on a second line. */
function usageError(text: string): UsageError {
  const lines = text.trimEnd().split("\n");
  const [message = "", last = ""] = lines.slice(-2);
  if (last.startsWith(hintMark)) return { message, hint: last.slice(hintMark.length) };
  const suggested = /^\(Did you mean (.*)\?\)$/.exec(last)?.[1];
  const said = suggested === undefined ? lines : lines.slice(0, -1);
  return {
    message: said
      .join(" ")
      .replace(/^error: /, "")
      .replace(/\.$/, ""),
    hint: suggested === undefined ? null : `did you mean ${suggested}?`,
  };
}
