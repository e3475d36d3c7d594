/**
 * A million odd messages for the wire's parsers: under the laws of tests/wire/message/fuzz-laws.ts, and beside Node's llhttp, where a node is on
 * the PATH: what it refuses the wire refuses, and what both accept is the same message. Usage: bun scripts/fuzz.ts [CASES] [SEED]
 */
import { pick, seeded } from "../tests/fakes/seeded.ts";
import { difference, type Message, type ParserResult, resultsOfLlhttp } from "../tests/wire/message/beside-llhttp.ts";
import { type CaseMaker, caseMakers } from "../tests/wire/message/fuzz-cases.ts";
import { type Judgement, judgeChunked, judgeRequest, judgeResponse } from "../tests/wire/message/fuzz-laws.ts";

const cases = Number(process.argv[2] ?? 1_000_000);
const seed = Number(process.argv[3] ?? Math.floor(Math.random() * 2 ** 31));
if (!(Number.isSafeInteger(cases) && cases > 0 && Number.isSafeInteger(seed))) {
  console.error(
    "fuzz: error: the arguments are not whole numbers\nfuzz: hint: scripts/fuzz [CASES] [SEED], for example scripts/fuzz 1000000 7",
  );
  process.exit(64);
}
const random = seeded(seed);
const makers = await caseMakers();
const node = Bun.which("node");
const perBatch = 20_000;
let failures = 0;

function fail(what: string, bytes: Buffer): void {
  failures += 1;
  if (failures <= 20) console.log(`FAILED ${what}\n       ${JSON.stringify(bytes.toString("latin1"))}`);
}

function judged(name: string, make: CaseMaker, judge: (bytes: Buffer, random: () => number) => Judgement): Buffer[] {
  const kinds = { incomplete: 0, refused: 0, accepted: 0 };
  const startedAt = performance.now();
  const all: Buffer[] = [];
  for (let count = 0; count < cases / 3; count += 1) {
    const bytes = make(random);
    all.push(bytes);
    try {
      const { kind, broken } = judge(bytes, random);
      kinds[kind] += 1;
      if (broken !== null) fail(`${name}: ${broken}`, bytes);
    } catch (error) {
      fail(`${name}: threw ${error}`, bytes);
    }
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(
    `${name}: ${all.length} cases: ${kinds.accepted} accepted, ${kinds.refused} refused, ${kinds.incomplete} incomplete; ${seconds} s`,
  );
  return all;
}

const seen = new Map<string, [count: number, example: string]>();

function note(about: string, bytes: Buffer): void {
  const [count, example] = seen.get(about) ?? [0, JSON.stringify(bytes.toString("latin1"))];
  seen.set(about, [count + 1, example]);
}

function compare(message: Message, theirs: ParserResult): void {
  const found = difference(message, theirs);
  if (found.kind === "stricter") note(`${message.kind}: the wire alone refuses: ${found.about}`, message.bytes);
  if (found.kind === "meant") note(`${message.kind}: llhttp alone refuses: ${found.about}`, message.bytes);
  if (found.kind === "looser") fail(`${message.kind}: llhttp alone refuses: ${found.about}`, message.bytes);
  if (found.kind === "wrong") fail(`${message.kind}: read in two ways: ${found.about}`, message.bytes);
}

/** A chunked message needs a head before it. */
function withHead(bytes: Buffer): Message {
  const kind = pick(random, ["request", "response"] as const);
  const firstLines = kind === "request" ? "POST /a HTTP/1.1\r\nHost: app.test\r\n" : "HTTP/1.1 200 OK\r\n";
  return { kind, bytes: Buffer.concat([Buffer.from(`${firstLines}Transfer-Encoding: chunked\r\n\r\n`), bytes]) };
}

console.log(`seed ${seed} (again: scripts/fuzz ${cases} ${seed})`);
const messages: readonly Message[] = [
  ...judged("request heads", makers.request, judgeRequest).map((bytes) => ({ kind: "request" as const, bytes })),
  ...judged("response heads", makers.response, judgeResponse).map((bytes) => ({ kind: "response" as const, bytes })),
  ...judged("chunked messages", makers.chunked, judgeChunked).map(withHead),
];

if (node === null) console.log("left out: llhttp's opinion of the same messages: no node here");
else {
  for (let from = 0; from < messages.length; from += perBatch) {
    const batch = messages.slice(from, from + perBatch);
    const results = await resultsOfLlhttp(batch, node);
    batch.forEach((message, index) => {
      const theirs = results[index];
      if (theirs !== undefined) compare(message, theirs);
      else fail("llhttp said nothing", message.bytes);
    });
  }
  console.log(`beside llhttp ${Bun.spawnSync([node, "-p", "process.versions.llhttp"]).stdout.toString().trim()}:`);
  for (const [about, [count, example]] of [...seen].toSorted()) console.log(`${count} ${about}\n       ${example}`);
}
console.log(failures === 0 ? "ok" : `${failures} FAILED`);
process.exit(failures === 0 ? 0 : 1);
