import { expect, test } from "bun:test";
import { Glob } from "bun";

/** The files with pages, messages, comments and names of tests. */
const places = ["*.md", "docs/**/*.md", "*.toml", "src/**/*.ts", "tests/**/*.ts", "scripts/*", "scripts/**/*.ts"];

/** This file shows the patterns. */
const here = "tests/house/plain-words.test.ts";

/**
 * Turns of speech that a reader has to decode, with what to write instead. A pattern is here if it is wrong nearly always: "there is no
 * route" and "no longer" are plain English.
 */
const patterns: readonly { readonly pattern: RegExp; readonly instead: string }[] = [
  {
    pattern:
      /(?<!\b(there|here|that|which|and|but) )\b(is|are|was|were) no (?!longer\b|more\b|less\b|matter\b|one\b|\w+er than\b)/i,
    instead: '"is not a"',
  },
  { pattern: /\b(?:it|that|which) (?:is|are) none\b/i, instead: '"does not exist", "is not one"' },
  { pattern: /\b(?:knows?|hears?|tells?) of (?:none|nobody|nothing)\b/i, instead: '"no X was found"' },
  { pattern: /\b(?:has|have|had) it not\b/i, instead: '"does not have it"' },
  { pattern: /\bnobody(?: else)?'s\b/i, instead: '"akproxy ignores", "only X may"' },
  { pattern: /\bwho(?:m|so)?ever\b/i, instead: 'the actor: "the user", "a client"' },
  { pattern: /\bwhatsoever\b/i, instead: "leave it out" },
  { pattern: /\bwhere it leads\b|\bwhere (?:that|this) leads\b/i, instead: '"its target"' },
  { pattern: /\b(?:has|have|had) no say\b/i, instead: '"does not affect"' },
  { pattern: /\bwithout a word\b/i, instead: '"by default", "silently"' },
  {
    pattern: /(?<!\b(?:user|person|client|visitor) )\b(?:who|what) (?:is|was) (?:refused|told)\b/i,
    instead: "the user, the client, the message",
  },
  { pattern: /\bwould become of\b|\bbecomes of\b/i, instead: '"does with", "happens to"' },
  { pattern: /\ba fault of (?:ours|akproxy)\b/i, instead: '"an internal error"' },
  { pattern: /\bbelieves? (?:nothing|nobody|none)\b/i, instead: '"ignores", "does not trust"' },
  { pattern: /\bfor want of\b/i, instead: '"because X is missing"' },
  { pattern: /\b(?:anybody|somebody)\b/i, instead: '"a user", "a client", "another peer"' },
  { pattern: /\bmakes? of (?:it|them)\b/i, instead: '"the result", "the answer"' },
  { pattern: /\b(?:is|are) said\b|\bare told\b/i, instead: 'who says it: "the log names"' },
  { pattern: /\bis (?:told|asked) (?:about|of|where)\b/i, instead: "the actor and what it asks" },
  { pattern: /\blet in by\b/i, instead: '"admitted by"' },
  { pattern: /\bcosts? nothing\b/i, instead: '"does not count"' },
  { pattern: /\bis about altogether\b/i, instead: '"applies to all"' },
];

async function found(): Promise<readonly string[]> {
  const files = new Set(places.flatMap((place) => [...new Glob(place).scanSync(".")]));
  files.delete(here);
  const lines = await Promise.all(
    [...files].toSorted().map(async (file) =>
      (await Bun.file(file).text()).split("\n").flatMap((line, index) => {
        const worst = patterns.find(({ pattern }) => pattern.test(line));
        return worst === undefined ? [] : [`${file}:${index + 1}: ${line.trim()} -> write ${worst.instead}`];
      }),
    ),
  );
  return lines.flat();
}

test("sentences are in plain words", async () => {
  expect(await found()).toEqual([]);
});

test.each([
  ["the path is no public one", '"is not a"'],
  ["whoever asks", 'the actor: "the user", "a client"'],
  ["cookies of two people are nobody's", '"akproxy ignores", "only X may"'],
  ["there is no route", undefined],
  ["it is no longer used, is no larger than 3, and no X was found", undefined],
])("%j", (line, instead) => {
  expect(patterns.find(({ pattern }) => pattern.test(line))?.instead).toBe(instead);
});
