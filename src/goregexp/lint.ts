import { RE2JS, RE2JSSyntaxException } from "re2js";
import { patternTokens } from "./tokens.ts";

/** Something in a pattern that is valid, but rarely intended; `message` and `hint` have the form of every other message. */
export interface GoRegExpLint {
  readonly kind: "unanchored" | "matches_everything" | "matches_root" | "look_around" | "unescaped_dot";
  readonly message: string;
  readonly hint: string;
}

/**
 * Probable mistakes in a pattern of public paths: without `^` it matches anywhere, it matches everything or the front page, or an unescaped
 * `.` in a host matches any character. For a pattern that Go refuses because of look-around: what to write instead. Any other pattern that
 * does not compile has no lints (spec: test-regex; PATH-09).
 */
export function lintGoRegExp(pattern: string): readonly GoRegExpLint[] {
  const compiled = compiledOrNull(pattern);
  if (compiled === null) return lookAround(pattern);
  return [...openness(pattern, compiled), ...hostDots(pattern)];
}

function compiledOrNull(pattern: string): RE2JS | null {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    if (error instanceof RE2JSSyntaxException) return null;
    throw error;
  }
}

function openness(pattern: string, compiled: RE2JS): GoRegExpLint[] {
  const finds = (input: string): boolean => compiled.matcher(input).find();
  if (finds("") || ["/", "/zq7/x-0.9"].every(finds) || ["https://zq7.invalid/", "http://0.test/x?y"].every(finds)) {
    return [
      {
        kind: "matches_everything",
        message: `"${pattern}" matches everything: no path would need a login`,
        hint: 'begin it with the public prefix, for example "^/public/"',
      },
    ];
  }
  if (!isAnchored(compiled)) {
    return [
      {
        kind: "unanchored",
        message: `"${pattern}" has no "^" at its start, so it matches anywhere: "/admin${exampleOf(pattern)}" too`,
        hint: `write "^${pattern.startsWith("/") ? "" : "/"}${pattern}" if you mean the start of the path`,
      },
    ];
  }
  if (!finds("/") || pattern === "^/$") return [];
  return [
    {
      kind: "matches_root",
      message: `"${pattern}" matches the front page "/" too`,
      hint: 'name the public prefix, for example "^/public/"; the front page alone is "^/$"',
    },
  ];
}

/** A text in which an unanchored pattern matches, when the pattern is simple enough to show it. */
function exampleOf(pattern: string): string {
  const plain = pattern.replaceAll("\\.", ".").replace(/\$$/, "");
  if (!/^[\w/.-]+$/.test(plain)) return "/…";
  return plain.startsWith("/") ? plain : `/${plain}`;
}

interface Instruction {
  readonly op: number;
  readonly out: number;
  readonly arg: number;
}
const alt = 1;
const altMatch = 2;
const capture = 3;
const emptyWidth = 4;
const nop = 7;
const beginTextOrLine = 4 | 1;

/**
 * Does every match begin at the start of the input? Follows the compiled program from its start: a path to a character or to the end
 * without `^` or `\A` makes the pattern unanchored. re2js has no method for this: its `startCond` stops at the first alternative.
 */
function isAnchored(compiled: RE2JS): boolean {
  // re2js types `prog` as any; the numbers above are the ops of its Inst, which the tests check for the pinned version
  const program = compiled.re2().prog as { readonly inst: readonly Instruction[]; readonly start: number };
  const pending = [program.start];
  const seen = new Set<number>();
  for (let pc = pending.pop(); pc !== undefined; pc = pending.pop()) {
    const instruction = program.inst[pc];
    if (instruction === undefined || seen.has(pc)) continue;
    seen.add(pc);
    const { op, out, arg } = instruction;
    if (op === emptyWidth && (arg & beginTextOrLine) !== 0) continue;
    if (op === alt || op === altMatch) pending.push(out, arg);
    else if (op === capture || op === emptyWidth || op === nop) pending.push(out);
    else return false;
  }
  return true;
}

/** The unescaped dots in the host of a URL pattern (`https://app.company/`): each matches any character, so other domains match too. */
function hostDots(pattern: string): GoRegExpLint[] {
  const tokens = patternTokens(pattern);
  const start = tokens.findIndex((_, index) => [0, 1, 2].every((n) => tokens[index + n]?.text === "://"[n]));
  if (start === -1) return [];
  const host = tokens.slice(start + 3);
  const end = host.findIndex((token) => token.text === "/");
  const found = host.slice(0, end === -1 ? undefined : end).find((token, index, all) => {
    const next = all[index + 1];
    return token.kind === "dot" && !(next !== undefined && ["*", "+", "?", "{"].includes(next.text));
  });
  if (found === undefined) return [];
  return [
    {
      kind: "unescaped_dot",
      message: `"${pattern}" has an unescaped "." in its host at offset ${found.offset}, which matches any character`,
      hint: `write "${pattern.slice(0, found.offset)}\\${pattern.slice(found.offset)}" (in TOML best in single quotes)`,
    },
  ];
}

function lookAround(pattern: string): GoRegExpLint[] {
  const found = patternTokens(pattern)
    .filter((token) => token.kind === "open")
    .map((token) => ({ offset: token.offset, opening: /^\(\?(?:<?[=!]|>)/.exec(pattern.slice(token.offset))?.[0] }))
    .find(({ opening }) => opening !== undefined);
  if (found === undefined) return [];
  const advice =
    found.opening === "(?!" || found.opening === "(?<!"
      ? 'list the public prefixes instead, or put what must stay closed into protect_path_regex, for example "^/api/private"'
      : "leave it out: akproxy only searches for the pattern, the text around the match does not matter";
  return [
    {
      kind: "look_around",
      message: `"${pattern}" has "${found.opening}" at offset ${found.offset}, which Go's regexp does not support`,
      hint: advice,
    },
  ];
}
