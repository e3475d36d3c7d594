import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { SessionsConfig } from "../../src/core/config.ts";
import { openKeys } from "../../src/seal/keys.ts";
import { sealSessionCookie } from "../../src/seal/session-cookie.ts";
import { type Browser, continueAs, isToyLogin, loginAs } from "../fakes/browser.ts";
import { waitUntil } from "../fakes/waits.ts";
import { isHere } from "../proxies/programs.ts";
import { anonymousRequests } from "./anonymous-requests.ts";
import { type Cluster, type Instance, outpostSecret, startCluster } from "./cluster.ts";
import { newSession, now, openInstance } from "./opened.ts";
import { isServerHere, type ServerName, type StoreServer, startServer } from "./store-server.ts";

const app = "http://app.test/";
const outpost = "http://app.test/outpost.goauthentik.io";

/** The store that the instances share, opened beside them. */
function storeOf(kind: ServerName, { url }: StoreServer): SessionsConfig {
  const shared = { url, place: url, certificateAuthorities: null };
  return kind === "redis" ? { kind, ...shared, keyPrefix: "akproxy:" } : { kind, ...shared, tlsMode: "disable" };
}

function cookiesOf(browser: Browser): string {
  return browser.cookies.headerFor(new URL(app)) ?? "";
}

/** The answers of the four verdict endpoints to this cookie, requested as by their proxies. */
async function verdictsOf({ port }: Instance, cookie: string): Promise<readonly number[]> {
  const forwarded = { "x-forwarded-proto": "http", "x-forwarded-host": "guarded.test", "x-forwarded-uri": "/page" };
  const original = { "x-original-url": "http://guarded.test/page", host: "guarded.test" };
  const endpoints = [
    ["auth/traefik", forwarded],
    ["auth/caddy", forwarded],
    ["auth/nginx", original],
    ["auth/envoy/page", { host: "guarded.test" }],
  ] as const;
  return await Promise.all(
    endpoints.map(async ([path, headers]) => {
      const url = `http://127.0.0.1:${port}/outpost.goauthentik.io/${path}`;
      const answer = await fetch(url, { headers: { ...headers, cookie, accept: "text/html" }, redirect: "manual" });
      await answer.arrayBuffer();
      return answer.status;
    }),
  );
}

async function readyStatuses(cluster: Cluster): Promise<readonly number[]> {
  return Promise.all(
    cluster.instances.map(async (one) => (await fetch(`http://127.0.0.1:${one.adminPort}/readyz`)).status),
  );
}

/** Kills the store, and waits until every instance has noticed. */
async function loseStore(server: StoreServer, cluster: Cluster): Promise<void> {
  await server.kill();
  await waitUntil(async () => (await readyStatuses(cluster)).every((status) => status === 503), 1000);
}

/** Alice signs out at the first instance; returns how long her two sessions still work at the second one, in milliseconds. */
async function signOutTimes(cluster: Cluster): Promise<readonly number[]> {
  const [first, second] = cluster.instances;
  const browsers = [cluster.browser(() => first.port), cluster.browser()];
  for (const browser of browsers) await loginAs(browser, app, "alice");
  const cookies = browsers.map(cookiesOf);
  for (const cookie of cookies) {
    for (const at of cluster.instances) expect((await cluster.ask(at, cookie)).user).toBe("alice");
  }

  const answer = await browsers[0]?.get(`${outpost}/sign_out`);

  expect(answer?.status).toBe(302);
  const times: number[] = [];
  for (const cookie of cookies) {
    expect((await cluster.ask(first, cookie)).status).toBe(302);
    times.push(await waitUntil(async () => (await cluster.ask(second, cookie)).status !== 200, 1000));
  }
  return times;
}

function instancesOver(name: ServerName): void {
  describe(`two instances over one ${name} behind nginx`, () => {
    let server: StoreServer;
    let cluster: Cluster;
    beforeAll(async () => {
      server = await startServer(name);
      cluster = await startCluster({ store: server.url });
    });
    afterAll(async () => {
      await cluster.stop();
      await server.stop();
    });

    test("a login started on one instance is finished on the other, and both recognise the session", async () => {
      const browser = cluster.browser();
      const seen: (string | null)[] = [];

      const start = await browser.get(`${outpost}/start?rd=${encodeURIComponent(`${app}wanted`)}`);
      seen.push(start.headers.get("x-instance"));
      const login = await browser.follow(start.location ?? "");
      expect(isToyLogin(login)).toBe(true);
      const landed = await continueAs(browser, login, "alice");
      for (let n = 0; n < 4; n++) seen.push((await browser.get(`${app}json`)).headers.get("x-instance"));

      expect([landed.url, landed.status]).toEqual([`${app}wanted`, 200]);
      expect(new Set(seen).size).toBe(2);
      for (const one of cluster.instances) {
        expect(await cluster.ask(one, cookiesOf(browser))).toEqual({ status: 200, user: "alice" });
      }
    });

    test("a login's start and callback can be on any two instances", async () => {
      const [first, second] = cluster.instances;

      for (const [one, other] of [
        [first, second],
        [second, first],
      ] as const) {
        let at = one.port;
        const browser = cluster.browser(() => at);
        const login = await browser.follow(app);
        at = other.port;
        const landed = await continueAs(browser, login, "bob");
        expect([landed.url, landed.status]).toEqual([app, 200]);
      }
    });

    test("decision 11: a sign-out on one instance ends all the user's sessions on the other within a second", async () => {
      const times: number[] = [];

      for (let round = 0; round < 5; round++) times.push(...(await signOutTimes(cluster)));

      times.sort((left, right) => left - right);
      console.info(
        `${name}: signed out on the other instance after ${times[5]?.toFixed(1)} ms, at most ${times.at(-1)?.toFixed(1)} ms`,
      );
      expect(times.at(-1)).toBeLessThan(1000);
    });

    test("decision 22: while the store is unavailable verdicts and pages are 503, and afterwards nobody has to log in again", async () => {
      const browser = cluster.browser();
      await loginAs(browser, app, "bob");
      const cookie = cookiesOf(browser);
      for (const one of cluster.instances) expect((await cluster.ask(one, cookie)).user).toBe("bob");

      await loseStore(server, cluster);
      const away = await Promise.all(cluster.instances.map((one) => cluster.ask(one, cookie)));
      const ready = await readyStatuses(cluster);
      await server.start();
      for (const one of cluster.instances) await waitUntil(async () => (await cluster.ask(one, cookie)).status !== 503);

      expect(away.map(({ status }) => status)).toEqual([503, 503]);
      expect(ready).toEqual([503, 503]);
      for (const one of cluster.instances) expect((await cluster.ask(one, cookie)).user).toBe("bob");
    });

    test("decision 22: while the store is unavailable every verdict endpoint refuses, and all allow when it is back", async () => {
      const keys = openKeys([outpostSecret]);
      const beside = await openInstance(storeOf(name, server), now, { keys });
      const session = newSession({ providerSlug: "guarded" });
      await beside.create(session);
      const cookie = `akproxy_guarded=${sealSessionCookie(keys, "guarded", session.id)}`;
      const verdicts = async () => (await Promise.all(cluster.instances.map((one) => verdictsOf(one, cookie)))).flat();
      const before = await verdicts();

      await loseStore(server, cluster);
      const away = await verdicts();
      await server.start();
      await waitUntil(async () => (await verdicts()).every((status) => status < 300));

      expect(before).toEqual(Array.from({ length: 8 }, () => 200));
      // nginx's auth_request handles 2xx, 401 and 403; every other status is an error
      expect(away).toEqual([503, 503, 500, 503, 503, 503, 500, 503]);
      await beside.close();
    });

    test("the gauge of sessions is the store's size on every instance", async () => {
      const gauges = await Promise.all(
        cluster.instances.map(async ({ adminPort }) => {
          const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
          return Number(/^akproxy_sessions (\d+)$/m.exec(text)?.[1]);
        }),
      );

      expect(gauges[0]).toBeGreaterThan(0);
      expect(gauges[1]).toBe(gauges[0] ?? 0);
    });

    test("DOS-01: 5,000 anonymous requests of every kind write nothing to the store", async () => {
      const sessions = async () => {
        const text = await (await fetch(`http://127.0.0.1:${cluster.instances[0].adminPort}/metrics`)).text();
        return /^akproxy_sessions (\d+)$/m.exec(text)?.[1];
      };
      const before = [await sessions(), await server.size()];

      const statuses = await anonymousRequests(cluster.instances[0].port, 5000);

      expect([...statuses.keys()].filter((status) => status >= 500)).toEqual([]);
      expect([await sessions(), await server.size()]).toEqual(before);
    });
  });
}

if (isHere("nginx")) {
  if (isServerHere("redis")) instancesOver("redis");
  if (isServerHere("postgres")) instancesOver("postgres");
}
