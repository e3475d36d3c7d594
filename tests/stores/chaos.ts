import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, loginAs } from "../fakes/browser.ts";
import { waitUntil } from "../fakes/waits.ts";
import { type Cluster, type Instance, startCluster } from "./cluster.ts";
import { type ServerName, type StoreServer, startServer } from "./store-server.ts";

const app = "http://app.test/";

/** Counts of actions and observations. The last four must stay empty. */
export interface ChaosCounts {
  logins: number; //                               acknowledged: the visitor's page came
  signOuts: number; //                             acknowledged
  checks: number;
  passes: number;
  refusals: number; //                             5xx, or no answer
  killedInstances: number;
  killedStores: number;
  readonly lost: string[]; //                      an acknowledged session that was not ended is redirected to the login
  readonly resurrected: string[]; //               a session passes a second or more after its sign-out was acknowledged
  readonly passedWhileAway: string[]; //           a request passes that began and ended while the store was down
  readonly confused: string[]; //                  a user is mistaken for another
}

interface Known {
  readonly cookie: string;
  readonly user: string;
  state: "live" | "leaving" | "ended" | "unknown"; // leaving: its sign-out is under way; unknown: that was not acknowledged
  endedAt: number;
}

export interface ChaosOptions {
  readonly kills: number; //                       of instances and of the store, in turn; the storm ends with the last one
  readonly settings?: readonly string[]; //        of the server
}

/** How long a request may still pass after its store has died: the connections have not reported it yet. */
const noticeMilliseconds = 100;

/**
 * Logins, checks and sign-outs at two instances over one store, while instances and store are killed with SIGKILL at random moments and
 * started again; over one SQLite file, instances alone. Ends with everything up, and every session judged once more at every instance.
 */
export async function chaos(name: ServerName | "sqlite", { kills, settings = [] }: ChaosOptions): Promise<ChaosCounts> {
  const folder = mkdtempSync(join(tmpdir(), "akproxy-chaos-"));
  const server = name === "sqlite" ? null : await startServer(name, { settings });
  const store = server?.url ?? `sqlite:${join(folder, "shared", "sessions.sqlite")}`;
  const cluster = await startCluster({ store, people: 20_000 });
  try {
    return await storm(cluster, server, kills);
  } finally {
    await cluster.stop();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function storm(cluster: Cluster, server: StoreServer | null, kills: number): Promise<ChaosCounts> {
  const world = newWorld(cluster);
  let rages = true;
  const repeatedly = async (work: () => Promise<void>) => {
    while (rages) await work();
  };
  const kill = async () => {
    for (let n = 0; n < kills; n++)
      await (n % 2 === 0 || server === null ? killInstance(world) : killStore(world, server));
    rages = false;
  };
  await Promise.all([
    ...Array.from({ length: 4 }, () => repeatedly(() => comeAndGo(world))),
    ...Array.from({ length: 4 }, () => repeatedly(() => check(world))),
    kill(),
  ]);
  await judgeAll(world);
  return world.counts;
}

interface World {
  readonly cluster: Cluster;
  readonly counts: ChaosCounts;
  readonly sessions: Known[];
  nextPerson: number;
  awaySince: number | null; //                     performance.now(); null: the store is up, or about to be
}

function newWorld(cluster: Cluster): World {
  const counts: ChaosCounts = {
    logins: 0,
    signOuts: 0,
    checks: 0,
    passes: 0,
    refusals: 0,
    killedInstances: 0,
    killedStores: 0,
    lost: [],
    resurrected: [],
    passedWhileAway: [],
    confused: [],
  };
  return { cluster, counts, sessions: [], nextPerson: 0, awaySince: null };
}

function oneOf<T>(members: readonly T[]): T | undefined {
  return members[Math.floor(Math.random() * members.length)];
}

/** Logs in a new user, and signs out one of those who are logged in. */
async function comeAndGo(world: World): Promise<void> {
  const user = `p${world.nextPerson++}`;
  const browser = world.cluster.browser();
  const page = await loginAs(browser, app, user).catch(() => null);
  if (page?.url === app && page.status === 200) {
    world.counts.logins += 1;
    world.sessions.push({ cookie: cookieOf(browser), user, state: "live", endedAt: 0 });
  } else await Bun.sleep(20);
  if (Math.random() < 0.5) await signOut(world);
}

function cookieOf(browser: Browser): string {
  return browser.cookies.headerFor(new URL(app)) ?? "";
}

async function signOut(world: World): Promise<void> {
  const session = oneOf(world.sessions.filter(({ state }) => state === "live"));
  const at = oneOf(world.cluster.instances);
  if (session === undefined || at === undefined) return;
  session.state = "leaving";
  const url = `http://127.0.0.1:${at.port}/outpost.goauthentik.io/sign_out`;
  const headers = { host: "app.test", cookie: session.cookie, accept: "text/html", "sec-fetch-mode": "navigate" };
  const answer = await fetch(url, { headers, redirect: "manual" }).catch(() => null);
  await answer?.text().catch(() => null);
  if (answer?.status !== 302) {
    session.state = "unknown";
    return;
  }
  session.endedAt = performance.now();
  session.state = "ended";
  world.counts.signOuts += 1;
}

async function check(world: World): Promise<void> {
  const session = oneOf(world.sessions);
  const at = oneOf(world.cluster.instances);
  if (session === undefined || at === undefined) {
    await Bun.sleep(10);
    return;
  }
  await judge(world, session, at);
  await Bun.sleep(2);
}

async function judge(world: World, session: Known, at: Instance): Promise<void> {
  const { counts } = world;
  const [stateBefore, awayBefore, start] = [session.state, world.awaySince, performance.now()];
  const { status, user } = await world.cluster.ask(at, session.cookie);
  const what = `${session.user} at ${at.port}, ${status}`;
  counts.checks += 1;
  if (status === 200) {
    counts.passes += 1;
    if (user !== session.user) counts.confused.push(`${what} as ${user}`);
    if (stateBefore === "ended" && start - session.endedAt > 1000) counts.resurrected.push(what);
    const wasAway = awayBefore !== null && awayBefore === world.awaySince && start - awayBefore > noticeMilliseconds;
    if (wasAway) counts.passedWhileAway.push(`${what}, ${(start - awayBefore).toFixed(0)} ms after`);
  } else if (status === 0 || status >= 500) counts.refusals += 1;
  else if (stateBefore === "live" && session.state === "live") counts.lost.push(what);
}

async function killInstance(world: World): Promise<void> {
  await Bun.sleep(100 + Math.random() * 900);
  const victim = oneOf(world.cluster.instances);
  await victim?.kill();
  world.counts.killedInstances += 1;
  await Bun.sleep(Math.random() * 300);
  await victim?.start();
}

async function killStore(world: World, server: StoreServer): Promise<void> {
  await Bun.sleep(100 + Math.random() * 900);
  await server.kill();
  world.awaySince = performance.now();
  world.counts.killedStores += 1;
  await Bun.sleep(Math.random() * 800);
  world.awaySince = null;
  await server.start();
}

/** With everything up, at every instance: users who signed out have no session, all others have one. */
async function judgeAll(world: World): Promise<void> {
  for (const at of world.cluster.instances) {
    const probe = world.sessions[0]?.cookie ?? "";
    await waitUntil(async () => (await world.cluster.ask(at, probe)).status < 500, 10_000);
  }
  await Bun.sleep(1000);
  for (const at of world.cluster.instances) {
    for (const session of world.sessions) {
      const before = world.counts.refusals;
      await judge(world, session, at);
      if (world.counts.refusals > before) world.counts.lost.push(`${session.user} at ${at.port}: refused with all up`);
    }
  }
}
