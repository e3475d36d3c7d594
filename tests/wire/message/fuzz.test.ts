import { expect, test } from "bun:test";
import { seeded } from "../../fakes/seeded.ts";
import { caseMakers } from "./fuzz-cases.ts";
import { judgeChunked, judgeRequest, judgeResponse } from "./fuzz-laws.ts";

const makers = await caseMakers();

test.each([
  ["request heads", makers.request, judgeRequest],
  ["response heads", makers.response, judgeResponse],
  ["chunked messages", makers.chunked, judgeChunked],
])("%s: 7000 odd cases are read within the laws (scripts/fuzz: a million)", (_name, make, judge) => {
  const random = seeded(20_261_124);
  const broken: string[] = [];
  const kinds = { incomplete: 0, refused: 0, accepted: 0 };

  for (let count = 0; count < 7000; count += 1) {
    const bytes = make(random);
    const judgement = judge(bytes, random);
    kinds[judgement.kind] += 1;
    if (judgement.broken !== null) broken.push(`${judgement.broken}: ${JSON.stringify(bytes.toString("latin1"))}`);
  }

  expect(broken).toEqual([]);
  expect(Math.min(kinds.accepted, kinds.refused, kinds.incomplete)).toBeGreaterThan(300);
});
