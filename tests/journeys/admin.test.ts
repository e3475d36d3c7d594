import { afterAll, expect, test } from "bun:test";
import { cancelLogin } from "../fakes/browser.ts";
import { startStack } from "./stack.ts";
import { app, loggedIn, outpost, toLoginPage } from "./visit.ts";

const stack = await startStack();
afterAll(() => stack.stop());

test("/metrics counts requests, logins, sign-outs and sessions", async () => {
  const alice = await loggedIn(stack, "alice");
  await loggedIn(stack, "bob");
  const denied = stack.browser();
  await cancelLogin(denied, await toLoginPage(denied, app));
  await alice.get("http://app.test/json");
  await alice.get(`${outpost}/sign_out`);
  await stack.send("/x", { headers: { accept: "application/json" } });
  await stack.send("/x", { headers: { host: "nobody.test" } });

  const counts = {
    started: await stack.metric('akproxy_logins_total{provider="app",result="started"}'),
    succeeded: await stack.metric('akproxy_logins_total{provider="app",result="succeeded"}'),
    denied: await stack.metric('akproxy_logins_total{provider="app",result="login_denied"}'),
    signOuts: await stack.metric('akproxy_sign_outs_total{provider="app"}'),
    sessions: await stack.metric("akproxy_sessions"),
    allowed: await stack.metric('akproxy_requests_total{provider="app",verdict="allowed",code="200"}'),
    callbacks: await stack.metric('akproxy_requests_total{provider="app",verdict="callback",code="302"}'),
    unauthorized: await stack.metric('akproxy_requests_total{provider="app",verdict="unauthorized",code="401"}'),
    unknownHost: await stack.metric('akproxy_requests_total{provider="",verdict="refused",code="400"}'),
    inFlight: await stack.metric("akproxy_requests_in_flight"),
  };

  expect(counts).toEqual({
    started: 3,
    succeeded: 2,
    denied: 1,
    signOuts: 1,
    sessions: 1,
    allowed: 3,
    callbacks: 2,
    unauthorized: 1,
    unknownHost: 1,
    inFlight: 0,
  });
});

test("DOS-08, LEAK-01: neither hosts, paths, users nor addresses become labels, however many are asked for", async () => {
  const before = (await metricsText()).split("\n").length;

  for (let n = 0; n < 300; n += 1) {
    await stack.send(`/path-${n}`, { headers: { host: `host-${n}.test` } });
    await stack.send(`/path-${n}`, { headers: { "x-forwarded-for": `198.51.100.${n % 250}` } });
  }
  await loggedIn(stack, "alice");

  const text = await metricsText();
  expect(text.split("\n").length - before).toBeLessThan(4);
  expect(text).not.toMatch(/alice|path-|host-\d|198\.51/);
});

test("LEAK-05: metrics and health are on their own listener; on the application's port they are paths that need a login", async () => {
  const answers: number[] = [];
  for (const path of ["/metrics", "/livez", "/readyz", "/outpost.goauthentik.io/metrics"]) {
    answers.push((await stack.send(path)).status);
  }

  expect(answers).toEqual([302, 302, 302, 302]);
  expect(stack.adminUrl).not.toEndWith(`:${stack.port}`);
});

test("the metrics listener knows its three paths and serves no application", async () => {
  const statuses: number[] = [];
  for (const path of ["/livez", "/readyz", "/metrics", "/", "/json", "/outpost.goauthentik.io/start"]) {
    statuses.push(
      (await fetch(`${stack.adminUrl}${path}`, { headers: { host: "app.test" }, redirect: "manual" })).status,
    );
  }

  expect(statuses).toEqual([200, 200, 200, 404, 404, 404]);
});

async function metricsText(): Promise<string> {
  return (await fetch(`${stack.adminUrl}/metrics`)).text();
}
