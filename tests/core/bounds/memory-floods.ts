import { heapStats } from "bun:jsc";
import type { HeaderCredential } from "../../../src/core/http/header-credential.ts";
import { parseHost } from "../../../src/core/http/host.ts";
import type { Session } from "../../../src/core/session.ts";
import { loginLoops } from "../../../src/http/login/login-loops.ts";
import { peerRate } from "../../../src/http/login/peer-rate.ts";
import { seenTokens } from "../../../src/http/login/seen-tokens.ts";
import { credentialAnswers } from "../../../src/http/visitor/credential-answers.ts";
import { credentialLimits } from "../../../src/http/visitor/credential-limits.ts";
import { refreshPauses } from "../../../src/http/visitor/refresh-pauses.ts";
import { warnOnce } from "../../../src/http/warn-once.ts";
import type { SessionStore } from "../../../src/ports/session-store.ts";
import { consumedAttempts } from "../../../src/seal/consumed-attempts.ts";
import { credentialDigest } from "../../../src/seal/digest.ts";
import { openKeys } from "../../../src/seal/keys.ts";
import { openSessionCookie, sealSessionCookie } from "../../../src/seal/session-cookie.ts";
import { cachedSessions } from "../../../src/sessions/cached-sessions.ts";
import { readFields } from "../../../src/wire/message/header-block.ts";
import { sessionOf } from "../../contract/session-store.ts";
import { alice } from "../../fakes/samples.ts";
import { turns } from "../../fakes/waits.ts";

/**
 * Fills one memory, named on the command line, and prints the MiB it keeps: `cuts` of 2,000 short texts that are parts of heads of 30 KB, `long`
 * of 20,000 texts of about 4 KB, 88 MiB together.
 */

/** What a client sends: a text that is a part of a head, and the head itself. */
interface Sent {
  readonly text: string;
  readonly head: string;
}

const now = () => 1000;
const keys = openKeys(["a secret of the outpost, long enough"]);
const silent = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, flush() {} };

/** What an issuer or a store answers is a text of its own, and no part of a head. */
function copyOf(text: string): string {
  return Buffer.from(text).toString();
}

function storeOf(sessionAt: (id: string) => Session): SessionStore {
  return {
    create: async () => undefined,
    get: async (id) => sessionAt(id),
    touch: async () => undefined,
    update: async () => true,
    lease: async () => true,
    delete: async () => undefined,
    deleteBySubject: async () => 0,
    deleteByIdpSession: async () => 0,
    deleteExpired: async () => 0,
    count: async () => 0,
    probe: async () => undefined,
    announceAll: async () => undefined,
    evictionPolicy: async () => "noeviction",
    list: async () => [],
    deleteByHandle: async () => 0,
    close: async () => undefined,
  };
}

/** How each memory is filled by one request. */
const fillers: Record<string, () => (sent: Sent) => unknown> = {
  "remembered texts": () => (sent) => parseHost(sent.text),
  "header lines": () => (sent) => readFields(sent.head, 0, 200),
  "session cookies": () => (sent) => openSessionCookie(keys, "app", sent.text),
  "login loops": () => {
    const loops = loginLoops(now);
    return ({ text }) => loops.returned(text);
  },
  "peer rate": () => {
    const rate = peerRate(now);
    return ({ text }) => rate.failed(text);
  },
  "credential limits": () => {
    const limits = credentialLimits(now, { count: 3, seconds: 30 });
    return async ({ text }) => {
      const attempt = await limits.enter([text]);
      if (attempt.kind === "admitted") attempt.settle("failed");
    };
  },
  "credential answers": () => {
    const answers = credentialAnswers(now);
    return ({ text }) => {
      const credential: HeaderCredential = { kind: "bearer", token: text };
      const identity = alice({ rawToken: copyOf(text) });
      return answers.answerTo(credentialDigest("app", credential), async () => ({
        kind: "known",
        identity,
        expiresAt: null,
      }));
    };
  },
  "seen tokens": () => {
    const seen = seenTokens(now);
    return ({ text }) => seen.take("https://idp.test/", text);
  },
  "consumed attempts": () => {
    const consumed = consumedAttempts(now);
    return ({ text }) => consumed.consume(text, 2000);
  },
  "refresh pauses": () => {
    const pauses = refreshPauses();
    return ({ text }) => pauses.pauseSession(text, 2000);
  },
  "cached sessions": () => {
    const store = storeOf((id) => sessionOf({ id: copyOf(id), rawToken: copyOf(id) }));
    const names = (issuer: string, name: string) => [copyOf(`${issuer} ${name}`)];
    const cached = cachedSessions(store, {
      now,
      takeChanges: () => ({ kind: "none" }),
      subjectNames: names,
      idpSessionNames: names,
      bytes: 16 * 2 ** 20,
    });
    return ({ text }) => cached.get(text);
  },
  "warnings given once": () => {
    const warn = warnOnce(silent, 1000);
    return ({ text }) => warn("app", text, "a warning", "id");
  },
};

/** Names that differ where the header lines look: in length, and in the first, the middle and the last letters. */
function nameOf(index: number): string {
  const [first, last] = [index % 26, Math.floor(index / 26) % 26].map((letter) => String.fromCharCode(97 + letter));
  return `${first}${last?.repeat(1 + (index % 17))}${first}-x${last}`;
}

/** Sends requests, each in a head of its own of 30 KB. The texts differ from request to request. */
async function send(count: number, fill: (sent: Sent) => unknown, textOf: (index: number) => string): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const text = textOf(index);
    const start = `${nameOf(index)}: `;
    const head = Buffer.from(`${start}${text}\r\nX-Pad: ${"p".repeat(30_000)}\r\n`, "latin1").toString("latin1");
    await fill({ text: head.slice(start.length, start.length + text.length), head });
  }
}

/** Of the process: a head that is kept whole by a part of it does not count to the heap. */
const residentBytes = () => process.memoryUsage.rss();
/** Of the heap: memory that the process does not give back after a flood is not counted. */
const heapBytes = () => heapStats().heapSize;

async function grownMiB(bytes: () => number, work: () => Promise<void>): Promise<number> {
  Bun.gc(true);
  const before = bytes();
  await work();
  Bun.gc(true);
  await turns(20);
  Bun.gc(true);
  return (bytes() - before) / 2 ** 20;
}

const cookie = (index: number) => sealSessionCookie(keys, "app", `${index}`.padEnd(43, "A"));
const name = process.argv[2] ?? "";
const fill = fillers[name]?.() ?? (() => Promise.reject(new RangeError(`no memory is called "${name}"`)));
const shortText = (index: number) =>
  name === "session cookies" ? cookie(index) : `text-${index}-${"x".repeat(40)}.test`;
await send(50, fill, () => shortText(0));
const cuts = await grownMiB(residentBytes, () => send(2000, fill, shortText));
const long = await grownMiB(heapBytes, async () => {
  for (let index = 0; index < 20_000; index += 1) {
    // as long as a header line can be kept at all
    const text = name === "session cookies" ? cookie(index) : `${index}-${"y".repeat(900 + (index % 8) * 1000)}`;
    await fill({ text, head: `${nameOf(index)}: ${text}\r\n` });
  }
});
process.stdout.write(JSON.stringify({ cuts, long }));
