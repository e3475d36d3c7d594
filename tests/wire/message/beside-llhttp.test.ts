import { expect, test } from "bun:test";
import { isLeftOut } from "../../fakes/left-out.ts";
import { seeded } from "../../fakes/seeded.ts";
import { difference, type Message, resultsOfLlhttp } from "./beside-llhttp.ts";
import { bytesOf, wireRows } from "./corpus.ts";
import { caseMakers } from "./fuzz-cases.ts";

const node = Bun.which("node");
const [requests, responses] = await Promise.all([wireRows("wire-requests.toml"), wireRows("wire-responses.toml")]);
const makers = await caseMakers();
const random = seeded(9112);
const oddOnes = Array.from({ length: 2000 }).flatMap((): Message[] => [
  { kind: "request", bytes: makers.request(random) },
  { kind: "response", bytes: makers.response(random) },
]);

const messages: readonly Message[] = [
  ...[...requests.accepted, ...requests.refused].map(([, row]): Message => ({ kind: "request", bytes: bytesOf(row) })),
  ...[...responses.accepted, ...responses.refused]
    .filter(([, row]) => row["to"] === undefined)
    .map(([, row]): Message => ({ kind: "response", bytes: bytesOf(row) })),
  ...oddOnes,
];

test("HTTP-01: akproxy refuses what llhttp refuses, and what both accept is the same message (scripts/fuzz: a million)", async () => {
  if (node === null) {
    isLeftOut("the comparison with llhttp", "node is not installed");
    return;
  }

  const results = await resultsOfLlhttp(messages, node);

  const found = messages.flatMap((message, index) => {
    const theirs = results[index];
    const { kind, ...rest } = theirs === undefined ? { kind: "wrong" } : difference(message, theirs);
    return kind === "looser" || kind === "wrong" ? [{ kind, ...rest, bytes: message.bytes.toString("latin1") }] : [];
  });
  expect(found).toEqual([]);
  expect(results.filter(({ error }) => error === undefined).length).toBeGreaterThan(500);
});
