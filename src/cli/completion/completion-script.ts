/** The words of a command that a completion offers. */
export interface CommandWords {
  readonly name: string;
  readonly description: string;
  readonly choices: readonly string[]; //          of its first argument; empty: it offers nothing
  readonly options: readonly OptionWords[];
}

export interface OptionWords {
  readonly short: string | null; //                "-c"
  readonly long: string; //                        "--config"
  readonly description: string;
  readonly value: OptionValue;
}

export type OptionValue =
  | { readonly kind: "none" }
  | { readonly kind: "file" }
  | { readonly kind: "text" }
  | { readonly kind: "choices"; readonly choices: readonly string[] };

/** The supported shells (spec: cli). */
export const completionShells = ["bash", "zsh", "fish"] as const;

/** The script by which a shell completes commands, options, and the words of arguments and options. */
export function completionScript(shell: (typeof completionShells)[number], commands: readonly CommandWords[]): string {
  switch (shell) {
    case "bash":
      return bashScript(commands);
    case "zsh":
      return zshScript(commands);
    case "fish":
      return fishScript(commands);
  }
}

const namesOf = (commands: readonly CommandWords[]) => commands.map(({ name }) => name).join(" ");
const flagsOf = ({ short, long }: OptionWords) => (short === null ? [long] : [short, long]);

/** Uses neither mapfile nor associative arrays, which the bash of macOS does not have. */
function bashScript(commands: readonly CommandWords[]): string {
  const valued = commands.flatMap(({ name, options }) =>
    options.flatMap((option) => {
      const patterns = flagsOf(option).map((flag) => `'${name} ${flag}'`);
      const reply = bashReply(option.value);
      return reply === null ? [] : [`    ${patterns.join(" | ")}) ${reply}return ;;`];
    }),
  );
  const words = commands.map(({ name, options, choices }) => {
    const flags = options.flatMap(flagsOf).join(" ");
    return `    ${name}) options='${flags}' choices='${choices.join(" ")}' ;;`;
  });
  return `# bash completion of akproxy
_akproxy() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[1]}
  local options='' choices='' word IFS=$' \\t\\n'
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W '${namesOf(commands)} --version --help' -- "$current"))
    return
  fi
  case "$command $before" in
${valued.join("\n")}
  esac
  case "$command" in
${words.join("\n")}
  esac
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$current"))
    return
  fi
  for word in "\${COMP_WORDS[@]:2:COMP_CWORD-2}"; do
    [[ " $choices " == *" $word "* ]] && return
  done
  COMPREPLY=($(compgen -W "$choices" -- "$current"))
}
complete -o filenames -o bashdefault -F _akproxy akproxy`;
}

/** Null: the option takes no value. */
function bashReply(value: OptionValue): string | null {
  switch (value.kind) {
    case "none":
      return null;
    case "file":
      return `IFS=$'\\n'; COMPREPLY=($(compgen -f -- "$current")); `;
    case "text":
      return "";
    case "choices":
      return `COMPREPLY=($(compgen -W '${value.choices.join(" ")}' -- "$current")); `;
  }
}

function zshScript(commands: readonly CommandWords[]): string {
  const described = commands.map(({ name, description }) => `    '${zshText(`${name}:${description}`)}'`);
  const cases = commands.map(({ name, options, choices }) => {
    const specs = options.map(zshOption);
    const first = choices.length === 0 ? [] : [`'1: :(${choices.join(" ")})'`];
    return `    ${name}) _arguments -s ${[...specs, ...first].join(" \\\n      ")} ;;`;
  });
  return `#compdef akproxy
_akproxy() {
  local -a commands=(
${described.join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join("\n")}
  esac
}
if [[ $funcstack[1] == _akproxy ]]; then _akproxy "$@"; else compdef _akproxy akproxy; fi`;
}

function zshOption({ short, long, description, value }: OptionWords): string {
  const text = zshText(`[${description.replace(/[[\]\\]/g, "\\$&")}]${zshValue(value)}`);
  return short === null ? `'${long}${text}'` : `'(${short} ${long})'{${short},${long}}'${text}'`;
}

function zshValue(value: OptionValue): string {
  switch (value.kind) {
    case "none":
      return "";
    case "file":
      return ":file:_files";
    case "text":
      return ":text: ";
    case "choices":
      return `: :(${value.choices.join(" ")})`;
  }
}

function zshText(text: string): string {
  return text.replace(/'/g, "'\\''");
}

function fishScript(commands: readonly CommandWords[]): string {
  const lines = commands.flatMap(({ name, description, options, choices }) => [
    `complete -c akproxy -n __fish_use_subcommand -a ${name} -d ${fishText(description)}`,
    ...options.map((option) => `complete -c akproxy -n '__fish_seen_subcommand_from ${name}' ${fishOption(option)}`),
    ...(choices.length === 0
      ? []
      : [
          `complete -c akproxy -n '__fish_seen_subcommand_from ${name}; and not __fish_seen_subcommand_from ${choices.join(" ")}' -a '${choices.join(" ")}'`,
        ]),
  ]);
  return `# fish completion of akproxy\ncomplete -c akproxy -f\n${lines.join("\n")}`;
}

function fishOption({ short, long, description, value }: OptionWords): string {
  const flags = [...(short === null ? [] : [`-s ${short.slice(1)}`]), `-l ${long.slice(2)}`];
  return [...flags, ...fishValue(value), `-d ${fishText(description)}`].join(" ");
}

function fishValue(value: OptionValue): readonly string[] {
  switch (value.kind) {
    case "none":
      return [];
    case "file":
      return ["-r -F"];
    case "text":
      return ["-x"];
    case "choices":
      return [`-x -a '${value.choices.join(" ")}'`];
  }
}

function fishText(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}
