import type { Socket } from "node:net";

/** One step of a side's part in a row of tests/corpus/wire-conformance.toml. */
export type Step =
  | { readonly kind: "send"; readonly bytes: string } //   one UTF-16 unit a byte
  | { readonly kind: "await"; readonly bytes: string } //  until what has come since the part began holds this
  | { readonly kind: "packet" } //                         what follows travels apart
  | { readonly kind: "fin" }
  | { readonly kind: "reset" };

/** Placeholders in a row's text, besides the marks: the Cookie line of a session with its CRLF, or nothing. */
export interface ScriptFacts {
  readonly sessionLine: string;
}

const mark = /<(await|packet|FIN|RST)(?:: ([^>]*))?>/;

/** A part of a row as steps. A line's end is CRLF; marks are what the table's head says. */
export function stepsOf(text: string, facts: ScriptFacts): readonly Step[] {
  const steps: Step[] = [];
  let rest = text;
  for (let found = mark.exec(rest); found !== null; found = mark.exec(rest)) {
    pushSent(steps, rest.slice(0, found.index), facts);
    steps.push(stepOf(found[1] ?? "", rawText(found[2] ?? "", facts)));
    rest = rest.slice(found.index + found[0].length);
  }
  pushSent(steps, rest, facts);
  return steps;
}

function pushSent(steps: Step[], text: string, facts: ScriptFacts): void {
  if (text !== "") steps.push({ kind: "send", bytes: rawText(text, facts) });
}

function stepOf(name: string, bytes: string): Step {
  switch (name) {
    case "await":
      return { kind: "await", bytes };
    case "FIN":
      return { kind: "fin" };
    case "RST":
      return { kind: "reset" };
    default:
      return { kind: "packet" };
  }
}

/** The bytes of a text without step marks. */
export function rawText(text: string, { sessionLine }: ScriptFacts): string {
  return text
    .replaceAll("\n", "\r\n")
    .replaceAll("<session>\r\n", sessionLine)
    .replaceAll("<LF>", "\n")
    .replaceAll("<CR>", "\r")
    .replaceAll("<TAB>", "\t")
    .replaceAll(/<(\d+) of ([^>]*)>/g, (_, count, what) => what.repeat(Number(count)));
}

/** Carries out a step on the socket of a side. */
export async function act(socket: Socket, step: Exclude<Step, { readonly kind: "await" }>): Promise<void> {
  switch (step.kind) {
    case "send":
      socket.write(Buffer.from(step.bytes, "latin1"));
      return;
    case "packet":
      await Bun.sleep(5); // two writes of one turn may travel as one
      return;
    case "fin":
      socket.end();
      return;
    case "reset":
      socket.resetAndDestroy();
      return;
  }
}
