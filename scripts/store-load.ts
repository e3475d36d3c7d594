/** A sign-out among many sessions (DOS-06) and many anonymous requests (DOS-01). Usage: bun scripts/store-load.ts [SESSIONS] [REQUESTS] */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SessionStore } from "../src/ports/session-store.ts";
import { isHere } from "../tests/proxies/programs.ts";
import { anonymousRequests } from "../tests/stores/anonymous-requests.ts";
import { startCluster } from "../tests/stores/cluster.ts";
import { newSession, openInstance } from "../tests/stores/opened.ts";
import { isServerHere, type ServerName, startServer } from "../tests/stores/store-server.ts";

const sessions = Number(process.argv[2] ?? 200_000);
const requests = Number(process.argv[3] ?? 100_000);
const folder = mkdtempSync(join(tmpdir(), "akproxy-store-load-"));
const limitMilliseconds = 50;
let wrong = 0;

/** Each user has two sessions; the median and the worst of 100 sign-outs, in milliseconds. */
async function measureSignOut(name: string, store: SessionStore): Promise<void> {
  const people = Math.floor(sessions / 2);
  const create = (n: number) => store.create(newSession({ subject: `s${n % people}`, idpSession: `sid${n}` }));
  for (let n = 0; n < sessions; n += 200) await Promise.all(Array.from({ length: 200 }, (_, more) => create(n + more)));
  const times: number[] = [];
  for (let round = 0; round < 100; round++) {
    const subject = `s${Math.floor((round * people) / 100)}`;
    const start = performance.now();
    const ended = await store.deleteBySubject("https://idp.test/", subject);
    times.push(performance.now() - start);
    if (ended !== 2) throw new Error(`${name}: ${ended} sessions of ${subject} ended, 2 were there`);
  }
  times.sort((left, right) => left - right);
  const [median = 0, worst = 0] = [times[50], times.at(-1)];
  if (worst > limitMilliseconds) wrong += 1;
  const left = await store.count();
  console.log(`${name}: sign-out among ${left} sessions: median ${median.toFixed(2)} ms, worst ${worst.toFixed(2)} ms`);
  await store.close();
}

async function measureAnonymous(name: ServerName): Promise<void> {
  const server = await startServer(name);
  const cluster = await startCluster({ store: server.url });
  const before = await server.size();
  const start = performance.now();
  const statuses = await anonymousRequests(cluster.instances[0].port, requests);
  const seconds = (performance.now() - start) / 1000;
  const after = await server.size();
  if (before !== after) wrong += 1;
  const answers = [...statuses]
    .sort(([left], [right]) => left - right)
    .map(([status, times]) => `${status} ${times} times`);
  console.log(
    `${name}: ${requests} anonymous requests in ${seconds.toFixed(1)} s: before ${before}, after ${after}; ${answers.join(", ")}`,
  );
  await cluster.stop();
  await server.stop();
}

await measureSignOut("sqlite", await openInstance({ kind: "sqlite", file: join(folder, "sessions.sqlite") }));
for (const name of ["redis", "postgres"] as const) {
  if (!isServerHere(name)) continue;
  const server = await startServer(name);
  await measureSignOut(name, await openInstance(await server.newStore()));
  await server.stop();
  if (isHere("nginx")) await measureAnonymous(name);
}
rmSync(folder, { recursive: true });
process.exit(wrong === 0 ? 0 : 1);
