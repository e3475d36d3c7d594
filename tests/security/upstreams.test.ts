import { afterAll, describe, expect, test } from "bun:test";
import { header, headerValues } from "../fakes/raw-client.ts";
import { startRawUpstream, startRecordingUpstream } from "../fakes/upstream.ts";
import { startGuardedApp } from "./guarded-app.ts";

const elsewhere = await startRecordingUpstream();
const app = await startGuardedApp({}, ({ target }) =>
  target === "/redirect" ? { status: 302, headers: [["Location", `${elsewhere.origin}/next?a=%2f#f`]] } : {},
);
afterAll(async () => {
  await app.stop();
  await elsewhere.stop();
});

/** A user whose ak_proxy claim is this. */
const withClaim = (claim: unknown) => ({
  users: { alice: { preferred_username: "alice", email: "alice@example.test", groups: [], ak_proxy: claim } },
});

test("UPS-08: a redirect of the upstream goes to the client unchanged; akproxy does not follow it", async () => {
  const answer = await app.ask("/redirect", { as: "alice" });

  expect(answer.status).toBe(302);
  expect(header(answer, "location")).toBe(`${elsewhere.origin}/next?a=%2f#f`);
  expect(elsewhere.requests).toEqual([]);
});

describe("UPS-01, UPS-03, UPS-06: a claim that asks for another upstream", () => {
  test.each([
    ["http://evil.test"],
    ["ELSEWHERE"],
    ["http://169.254.169.254/latest/meta-data"],
    ["file:///etc/passwd"],
    ["unix:/var/run/docker.sock"],
    ["http://u:p@h/"],
    ["http://h/?a="],
    ["not a url"],
    ["http://["],
  ])("%s is 502: neither it nor the default upstream is asked", async (override) => {
    const claim = { backend_override: override.replace("ELSEWHERE", elsewhere.origin) };
    const guarded = await startGuardedApp(withClaim(claim));
    const { answer, seen } = await guarded.pass("/x", { as: "alice" });
    await guarded.stop();

    expect(answer.status).toBe(502);
    expect(answer.body).not.toContain("169.254");
    expect(seen).toBeNull();
    expect(elsewhere.requests).toEqual([]);
  });
});

test.each([["a, b"], ["a/b"], ["u@h"], ["a#"], ["a:99999"]])(
  "UPS-05: the host_header claim %j is not a host and is not sent",
  async (host) => {
    const guarded = await startGuardedApp(withClaim({ host_header: host }));
    const { answer, seen } = await guarded.pass("/x", { as: "alice" });
    await guarded.stop();

    expect(answer.status).toBe(200);
    expect(seen === null ? [] : headerValues(seen, "host")).toEqual(["app.test"]);
  },
);

test("UPS-09: an HTTP_PROXY in the environment is not used", async () => {
  const before = { ...process.env };
  Object.assign(process.env, {
    HTTP_PROXY: elsewhere.origin,
    http_proxy: elsewhere.origin,
    ALL_PROXY: elsewhere.origin,
  });
  const { answer, seen } = await app.pass("/x", { as: "alice", headers: [["Proxy", elsewhere.origin]] });
  for (const name of ["HTTP_PROXY", "http_proxy", "ALL_PROXY"]) {
    if (before[name] === undefined) delete process.env[name];
    else process.env[name] = before[name];
  }

  expect(answer.status).toBe(200);
  expect(seen === null ? [] : headerValues(seen, "proxy")).toEqual([]);
  expect(elsewhere.requests).toEqual([]);
});

test("UPS-10: a POST whose upstream drops the connection is sent once and is 502", async () => {
  const dropping = await startRawUpstream((exchange) => exchange.reset());
  const guarded = await startGuardedApp({ internalHost: dropping.origin });

  const answer = await guarded.ask("/x", {
    method: "POST",
    as: "alice",
    headers: [["Content-Length", "2"]],
    body: "hi",
  });
  await guarded.stop();
  await dropping.stop();

  expect(answer.status).toBe(502);
  expect(dropping.exchanges.filter(({ head }) => head.startsWith("POST "))).toHaveLength(1);
});

test("LEAK-07: an upstream that is away is 502 with an id and a sentence, without its address", async () => {
  const guarded = await startGuardedApp({ internalHost: "http://127.0.0.1:1" });
  const answer = await guarded.ask("/x", { as: "alice", headers: [["Accept", "application/json"]] });
  await guarded.stop();

  const said: unknown = JSON.parse(answer.body);
  expect(answer.status).toBe(502);
  expect(Object.keys(said ?? {}).sort()).toEqual(["error", "hint", "message", "request_id"]);
  expect(answer.body).not.toMatch(/127\.0\.0\.1|ECONN|:1\b/);
  expect(header(answer, "cache-control")).toBe("no-store");
});

test("UPS-13: a status that HTTP does not have is passed on as it is", async () => {
  const odd = await startRawUpstream((exchange) => exchange.end("HTTP/1.1 999 X\r\nContent-Length: 2\r\n\r\nhi"));
  const guarded = await startGuardedApp({ internalHost: odd.origin });
  const answer = await guarded.ask("/x", { as: "alice" });
  await guarded.stop();
  await odd.stop();

  expect(answer.status).toBe(999);
});

test.each([
  ["two Content-Lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi"],
  ["an unrequested 101", "HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"],
  ["no HTTP at all", "SSH-2.0-OpenSSH_9.6\r\n\r\n"],
  ["a header that splits", "HTTP/1.1 200 OK\r\nX: a\u0000b\r\nContent-Length: 2\r\n\r\nhi"],
  ["nothing", ""],
])("UPS-13: an upstream that answers %s is 502, never an answer of ours that says yes", async (_what, bytes) => {
  const garbled = await startRawUpstream((exchange) => exchange.end(bytes));
  const guarded = await startGuardedApp({ internalHost: garbled.origin });
  const answer = await guarded.ask("/x", { as: "alice" });
  await guarded.stop();
  await garbled.stop();

  expect(answer.status).toBe(502);
});
