import { expect, test } from "bun:test";
import { type CredentialAnswer, credentialAnswers } from "../../../src/http/visitor/credential-answers.ts";
import { alice } from "../../fakes/samples.ts";
import { turns } from "../../fakes/waits.ts";

const known = (expiresAt: number | null = null, over: Parameters<typeof alice>[0] = {}): CredentialAnswer => ({
  kind: "known",
  identity: alice(over),
  expiresAt,
});
const refused: CredentialAnswer = { kind: "refused", reason: "of the test" };
const iss = alice().issuer;

/** Answers over a clock, and how often the issuer was asked. */
function asking(answer: () => CredentialAnswer | Promise<CredentialAnswer>, limit?: number) {
  const clock = { now: 1000 };
  const answers = credentialAnswers(() => clock.now, limit);
  const asked: string[] = [];
  const ask = (digest: string) =>
    answers.answerTo(digest, async () => {
      asked.push(digest);
      return answer();
    });
  return { clock, answers, asked, ask };
}

test.each([
  ["a known one for 60 s", known(), 59, 60],
  ["a known one no longer than its token is good", known(1003), 2, 3],
  ["a known one of a long-lived token for 60 s", known(9999), 59, 60],
  ["a refused one for 5 s", refused, 4, 5],
])("decision 18, M2M-03: %s", async (_what, answer, still, over) => {
  const { clock, asked, ask } = asking(() => answer);
  await ask("a");

  clock.now = 1000 + still;
  await ask("a");
  const before = asked.length;
  clock.now = 1000 + over;
  await ask("a");

  expect([before, asked.length]).toEqual([1, 2]);
});

test("M2M-03: an answer that is read often is not kept longer", async () => {
  const { clock, asked, ask } = asking(() => known());
  for (let second = 0; second < 120; second += 10) {
    clock.now = 1000 + second;
    await ask("a");
  }

  expect(asked).toHaveLength(2);
});

test("DOS-05: equal credentials at once are one question", async () => {
  const { asked, ask } = asking(async () => {
    await turns();
    return known();
  });

  const all = await Promise.all(Array.from({ length: 200 }, () => ask("a")));

  expect(asked).toEqual(["a"]);
  expect(new Set(all.map(({ kind }) => kind))).toEqual(new Set(["known"]));
});

test("M2M-14: a question that fails is not remembered, and fails for all who wait for it", async () => {
  let isDown = true;
  const { asked, ask } = asking(() => {
    if (isDown) throw new Error("down");
    return known();
  });

  const failed = await Promise.allSettled([ask("a"), ask("a")]);
  isDown = false;
  const later = await ask("a");

  expect(failed.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(later.kind).toBe("known");
  expect(asked).toHaveLength(2);
});

test("decision 40: that too many have failed is not remembered", async () => {
  const { asked, ask } = asking(() => ({ kind: "limited", waitSeconds: 3 }));

  await ask("a");
  await ask("a");

  expect(asked).toHaveLength(2);
});

test("at most so many are kept, the oldest goes first", async () => {
  const { asked, ask } = asking(() => known(), 2);
  for (const digest of ["a", "b", "c", "b", "c", "a"]) await ask(digest);

  expect(asked).toEqual(["a", "b", "c", "a"]);
});

test.each([
  ["this person", { issuer: iss, subject: "sub-of-alice", idpSession: null }, 2],
  ["this session at the issuer", { issuer: iss, subject: null, idpSession: "s1" }, 2],
  ["another person", { issuer: iss, subject: "sub-of-bob", idpSession: null }, 1],
  ["another session", { issuer: iss, subject: null, idpSession: "s2" }, 1],
  ["the same person of another issuer", { issuer: "https://b/", subject: "sub-of-alice", idpSession: "s1" }, 1],
])("decision 18: after a sign-out of %s the issuer was asked %d times", async (_who, ended, times) => {
  const { answers, asked, ask } = asking(() => known(null, { idpSession: "s1" }));
  await ask("a");

  answers.forget(ended);
  await ask("a");

  expect(asked).toHaveLength(times);
});

test("an answer that was under way at a sign-out is not kept", async () => {
  const { promise, resolve } = Promise.withResolvers<CredentialAnswer>();
  const { answers, asked, ask } = asking(() => promise);
  const first = ask("a");

  answers.forget({ issuer: iss, subject: "sub-of-alice", idpSession: null });
  resolve(known());
  await first;
  await ask("a");

  expect(asked).toHaveLength(2);
});
