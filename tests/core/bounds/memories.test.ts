import { describe, expect, test } from "bun:test";
import { hostKeyOf } from "../../../src/core/http/host.ts";
import { loginLoops } from "../../../src/http/login/login-loops.ts";
import { peerRate } from "../../../src/http/login/peer-rate.ts";
import { seenTokens } from "../../../src/http/login/seen-tokens.ts";
import { credentialAnswers } from "../../../src/http/visitor/credential-answers.ts";
import { credentialLimits } from "../../../src/http/visitor/credential-limits.ts";
import { refreshPauses } from "../../../src/http/visitor/refresh-pauses.ts";
import { warnOnce } from "../../../src/http/warn-once.ts";
import { consumedAttempts } from "../../../src/seal/consumed-attempts.ts";
import { openKeys } from "../../../src/seal/keys.ts";
import { openSessionCookie, sealSessionCookie } from "../../../src/seal/session-cookie.ts";
import { readFields } from "../../../src/wire/message/header-block.ts";
import { alice } from "../../fakes/samples.ts";

/**
 * Every memory that a client can fill. `mostOfParts`: MiB that 2,000 short entries may take; 2,000 sessions take up to 15. `mostMiB`: the limit of the
 * memory, and a fifth for what an estimate misses.
 */
const memories = [
  { memory: "remembered texts", mostOfParts: 13, mostMiB: 2 },
  { memory: "header lines", mostOfParts: 13, mostMiB: 6 },
  { memory: "session cookies", mostOfParts: 13, mostMiB: 77 },
  { memory: "login loops", mostOfParts: 13, mostMiB: 20 },
  { memory: "peer rate", mostOfParts: 13, mostMiB: 6 },
  { memory: "credential limits", mostOfParts: 13, mostMiB: 20 },
  { memory: "credential answers", mostOfParts: 20, mostMiB: 77 },
  { memory: "seen tokens", mostOfParts: 13, mostMiB: 77 },
  { memory: "consumed attempts", mostOfParts: 13, mostMiB: 39 },
  { memory: "refresh pauses", mostOfParts: 13, mostMiB: 6 },
  { memory: "cached sessions", mostOfParts: 25, mostMiB: 20 },
  { memory: "warnings given once", mostOfParts: 13, mostMiB: 2 },
] as const;

describe("a memory that a client fills", () => {
  test.each(memories)(
    "$memory: keeps no head of 30 KB for a part of it, and at most $mostMiB MiB of long texts",
    async (row) => {
      const child = Bun.spawn([process.execPath, "tests/core/bounds/memory-floods.ts", row.memory]);
      const grown = JSON.parse(await new Response(child.stdout).text());

      expect(grown.cuts).toBeLessThan(row.mostOfParts); // of 57 MiB
      expect(grown.long).toBeLessThan(row.mostMiB);
    },
  );
});

const keys = openKeys(["a secret of the outpost, long enough"]);

describe("a change is seen, and entries of others are not mixed up", () => {
  test("remembered texts: one host under two schemes", () => {
    const read = () => [hostKeyOf("app.test:443", "https"), hostKeyOf("app.test:443", "http")];

    expect([read(), read()]).toEqual([
      ["app.test", "app.test:443"],
      ["app.test", "app.test:443"],
    ]);
  });

  test("header lines: one value under two names, and two values under one name", () => {
    const read = (text: string) => {
      const fields = readFields(text, 0, 200);
      return fields.kind === "fields" ? fields.lines[0] : fields;
    };

    const lines = ["X-One: a\r\n", "X-Two: a\r\n", "X-One: b\r\n", "X-One: a\r\n"].map(read);

    expect(lines).toEqual([
      ["X-One", "a"],
      ["X-Two", "a"],
      ["X-One", "b"],
      ["X-One", "a"],
    ]);
  });

  test("session cookies: a second provider, and a reload with another secret, refuse the value", () => {
    const value = sealSessionCookie(keys, "app", "A".repeat(43));
    const others = openKeys(["another secret of the outpost, long enough"]);

    const opened = [openSessionCookie(keys, "app", value), openSessionCookie(keys, "app", value)];

    expect(opened.map(({ ok }) => ok)).toEqual([true, true]);
    expect(openSessionCookie(keys, "other", value).ok).toBe(false);
    expect(openSessionCookie(others, "app", value).ok).toBe(false);
  });

  test("login loops: a minute later, and a second browser, are not looping", () => {
    const clock = { now: 1000 };
    const loops = loginLoops(() => clock.now);
    for (let count = 0; count < 4; count += 1) loops.returned("browser");

    expect([loops.isLooping("browser"), loops.isLooping("other")]).toEqual([true, false]);
    clock.now += 60;
    expect(loops.isLooping("browser")).toBe(false);
  });

  test("peer rate: the next second, and a second peer, are counted by themselves", () => {
    const clock = { now: 1000 };
    const rate = peerRate(() => clock.now);
    for (let count = 0; count < 20; count += 1) rate.failed("192.0.2.1");

    expect([rate.waitOf("192.0.2.1"), rate.waitOf("192.0.2.2")]).toEqual([2, 0]);
    clock.now += 1;
    expect(rate.waitOf("192.0.2.1")).toBe(1);
    clock.now += 1;
    expect(rate.waitOf("192.0.2.1")).toBe(0);
  });

  test("credential limits: a second key, and a flood of other keys while an attempt is under way", async () => {
    const limits = credentialLimits(() => 1000, { count: 1, seconds: 30 }, 3);
    const first = await limits.enter(["user"]);
    for (let count = 0; count < 10; count += 1) await limits.enter([`other ${count}`]);
    if (first.kind === "admitted") first.settle("failed");

    expect((await limits.enter(["user"])).kind).toBe("limited");
    expect((await limits.enter(["another"])).kind).toBe("admitted");
  });

  test("credential answers: asked again after their time, and after a sign-out", async () => {
    const clock = { now: 1000 };
    const answers = credentialAnswers(() => clock.now);
    let asked = 0;
    const ask = async () => {
      asked += 1;
      return { kind: "known", identity: alice(), expiresAt: null } as const;
    };

    for (const after of [0, 59, 60]) {
      clock.now = 1000 + after;
      await answers.answerTo("digest", ask);
    }
    expect(asked).toBe(2);
    answers.forget(alice());
    await answers.answerTo("digest", ask);
    expect(asked).toBe(3);
  });

  test("seen tokens: another issuer's token of the same id is taken", () => {
    const seen = seenTokens(() => 1000);

    const taken = [
      seen.take("https://a.test/", "id"),
      seen.take("https://a.test/", "id"),
      seen.take("https://b.test/", "id"),
    ];

    expect(taken).toEqual([true, false, true]);
  });

  test("consumed attempts: each once, and none after its end", () => {
    const consumed = consumedAttempts(() => 1000);

    const results = [consumed.consume("a", 1600), consumed.consume("a", 1600), consumed.consume("b", 1000)];

    expect(results).toEqual([true, false, false]);
  });

  test("refresh pauses: a second session and a second provider go on", () => {
    const pauses = refreshPauses();
    pauses.pauseSession("s", 1060);
    pauses.pauseProvider("app", 1000);

    expect([pauses.isPaused("s", "other", 1001), pauses.isPaused("s", "other", 1060)]).toEqual([true, false]);
    expect([pauses.isPaused("t", "app", 1001), pauses.isPaused("t", "other", 1001)]).toEqual([true, false]);
  });

  test("warnings given once: a second user, a second provider and another warning are logged", () => {
    const logged: unknown[] = [];
    const nothing = () => undefined;
    const log = { trace: nothing, debug: nothing, info: nothing, error: nothing, flush: nothing };
    const warn = warnOnce({ ...log, warn: (_event, fields) => logged.push([fields?.["provider"], fields?.["user"]]) });

    for (const [provider, user] of [
      ["app", "a"],
      ["app", "a"],
      ["app", "b"],
      ["other", "a"],
    ] as const) {
      warn(provider, user, "warning", "id");
    }
    warn("app", "a", "another", "id");

    expect(logged).toEqual([
      ["app", "a"],
      ["app", "b"],
      ["other", "a"],
      ["app", "a"],
    ]);
  });
});

describe("a flood evicts the oldest entries, and not an entry that was just used", () => {
  test("login loops, peer rate, refresh pauses: the newest entries stay", () => {
    const loops = loginLoops(() => 1000, 10);
    const rate = peerRate(() => 1000, 10);
    const pauses = refreshPauses(10);

    for (let count = 0; count < 30; count += 1) {
      for (const key of ["watched", `flood ${count}`]) {
        loops.returned(key);
        rate.failed(key);
        pauses.pauseSession(key, 1060);
      }
    }

    expect([loops.isLooping("watched"), loops.isLooping("flood 0")]).toEqual([true, false]);
    expect([rate.waitOf("watched") > 0, rate.waitOf("flood 0")]).toEqual([true, 0]);
    expect([pauses.isPaused("watched", "app", 1001), pauses.isPaused("flood 0", "app", 1001)]).toEqual([true, false]);
  });

  test("seen tokens, consumed attempts: the newest are still refused", () => {
    const seen = seenTokens(() => 1000, 10);
    const consumed = consumedAttempts(() => 1000, 10);
    for (let count = 0; count < 30; count += 1) {
      seen.take("https://idp.test/", `token ${count}`);
      consumed.consume(`attempt ${count}`, 1600);
    }

    expect([20, 29].map((count) => seen.take("https://idp.test/", `token ${count}`))).toEqual([false, false]);
    expect([20, 29].map((count) => consumed.consume(`attempt ${count}`, 1600))).toEqual([false, false]);
  });
});
