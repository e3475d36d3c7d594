import { afterAll, expect, test } from "bun:test";
import { firstValue } from "../../src/core/http/header-lines.ts";
import { loginAs } from "../fakes/browser.ts";
import { requestText, sendRaw } from "../fakes/raw-client.ts";
import { startRecordingUpstream } from "../fakes/upstream.ts";
import { sessionOf } from "../security/guarded-app.ts";
import { startStack } from "./stack.ts";
import { app } from "./visit.ts";
import { openSocket } from "./web-socket-client.ts";

const person = (name: string, claims: object = {}) => ({ [name]: { preferred_username: name, ...claims } });
const overridden = (backend_override: string, more: object = {}) => ({
  home: "x",
  ak_proxy: { backend_override, ...more },
});

const internal = await startRecordingUpstream();
const perUser = await startRecordingUpstream();
const port = new URL(perUser.origin).port;
const stack = await startStack({
  internalHost: `${internal.origin}/base`,
  users: {
    ...person("alice", { home: "alice" }),
    ...person("spacy", { home: "jörg müller" }),
    ...person("climber", { home: "../alice" }),
    ...person("escaped", { home: "%2e%2e" }),
    ...person("mailer", { home: "@evil.test" }),
    ...person("query", { home: "a?b#c" }),
    ...person("homeless"),
    ...person("erin", overridden(`http://LOCALHOST:${port}/erin/`, { host_header: "erin.internal" })),
    ...person("unlisted", overridden(`http://127.0.0.1:${port}/`)),
    ...person("metadata", overridden("http://169.254.169.254/latest")),
    ...person("userinfo", overridden(`http://u:p@localhost:${port}/`)),
    ...person("socket", overridden("unix:/run/docker.sock")),
    ...person("unparsable", overridden("not a url")),
    ...person("rebound", overridden(`http://anything.lab.test:${port}/`)),
  },
  provider: `
[providers.app.ak_proxy]
backend_override = "http://localhost:${port}/{home}"
host_header = "{internal_host}"
backend_override_hosts = ["localhost", "*.lab.test"]
`,
});
afterAll(async () => {
  await stack.stop();
  await Promise.all([internal.stop(), perUser.stop()]);
});

/** A request of a user who is logged in, and the requests that the upstreams received. */
async function ask(subject: string, target: string) {
  const cookie = await sessionOf(stack, "http://app.test", subject);
  const before = [internal.requests.length, perUser.requests.length] as const;
  const answer = await stack.send(target, { headers: { cookie, accept: "application/json" } });
  return {
    status: answer.status,
    text: await answer.text(),
    atInternal: internal.requests.slice(before[0]),
    atPerUser: perUser.requests.slice(before[1]),
  };
}

const logged = () => JSON.stringify(stack.logLines);

test("decision 3: a user's requests go to their own upstream, below their path, with its Host and their identity", async () => {
  const { status, atInternal, atPerUser } = await ask("alice", "/a%20b?x=1");

  expect([status, atInternal.length, atPerUser.length]).toEqual([200, 0, 1]);
  const [seen] = atPerUser;
  expect(seen?.target).toBe("/alice/a%20b?x=1");
  expect(firstValue(seen?.headers ?? [], "host")).toBe(new URL(perUser.origin).host.replace("127.0.0.1", "localhost"));
  expect(firstValue(seen?.headers ?? [], "x-authentik-username")).toBe("alice");
  expect(firstValue(seen?.headers ?? [], "x-forwarded-host")).toBe("app.test");
});

test("UPS-04: a value is a segment of the path and nothing else", async () => {
  const { atPerUser } = await ask("spacy", "/x");

  expect(atPerUser[0]?.target).toBe("/j%C3%B6rg%20m%C3%BCller/x");
});

test("decision 31: what the issuer's claim says wins over the table, the host header too", async () => {
  const { atPerUser } = await ask("erin", "/x");

  expect(atPerUser[0]?.target).toBe("/erin/x");
  expect(firstValue(atPerUser[0]?.headers ?? [], "host")).toBe("erin.internal");
});

test.each(["climber", "escaped", "mailer", "query"])(
  "UPS-04: %s is refused with 502, and the log names the claim and not its value",
  async (subject) => {
    const { status, text, atInternal, atPerUser } = await ask(subject, "/x");

    expect(status).toBe(502);
    expect([...atInternal, ...atPerUser]).toEqual([]);
    expect(JSON.parse(text).error).toBe("upstream_refused");
    expect(text).not.toContain("home");
    expect(logged()).toContain('ak_proxy.backend_override: claim \\"home\\"');
    expect(logged()).not.toContain("evil.test");
  },
);

test.each(["unlisted", "metadata", "userinfo", "socket", "unparsable"])(
  "UPS-01, UPS-03, UPS-06: %s is refused with 502; neither upstream is asked",
  async (subject) => {
    const { status, text, atInternal, atPerUser } = await ask(subject, "/x");

    expect(status).toBe(502);
    expect([...atInternal, ...atPerUser]).toEqual([]);
    expect(text).not.toMatch(/169\.254|localhost|docker/);
  },
);

test("UPS-02: a host whose name leads nowhere that may be reached is 502", async () => {
  const { status, atPerUser } = await ask("rebound", "/x");

  expect([status, atPerUser.length]).toEqual([502, 0]);
});

test.each(["/../bob", "/%2e%2e/bob", "/x/..%2f..%2fbob"])(
  "UPS-04: %s of a logged-in user does not lead out of their base path",
  async (target) => {
    const cookie = await sessionOf(stack, "http://app.test", "alice");
    const before = perUser.requests.length;

    const { answers } = await sendRaw(
      stack.port,
      requestText(`GET ${target} HTTP/1.1`, [
        ["Host", "app.test"],
        ["Cookie", cookie],
      ]),
    );

    expect(answers[0]?.status).toBe(502);
    expect(perUser.requests.length).toBe(before);
  },
);

test("a login that lacks a claim of the table ends on a page; the log names provider, key and claim, the page does not (LEAK-07)", async () => {
  const page = await loginAs(stack.browser(), app, "homeless");

  expect(page.status).toBe(400);
  expect(page.text).toContain("idp_token_invalid");
  expect(page.text).not.toContain("home");
  expect(logged()).toContain(
    'provider \\"app\\": id_token: ak_proxy.backend_override: claim \\"home\\" is missing or empty',
  );
});

test("an override claim without a list of hosts is 502, and the log has the line to add", async () => {
  const bare = await startStack({ users: person("erin", overridden("http://localhost:1/erin")) });
  const cookie = await sessionOf(bare, "http://app.test", "erin");

  const { status } = await bare.send("/x", { headers: { cookie } });
  await bare.stop();

  expect(status).toBe(502);
  expect(JSON.stringify(bare.logLines)).toContain('add backend_override_hosts = [\\"localhost\\"] beside it');
});

test("who is nobody goes to internal_host on a public path, whatever the table says", async () => {
  await stack.reload({
    internalHost: `${internal.origin}/base`,
    provider: `skip_path_regex = "^/public/"
[providers.app.ak_proxy]
backend_override = "${perUser.origin}/{home}"
backend_override_hosts = ["127.0.0.1"]
`,
  });
  const before = [internal.requests.length, perUser.requests.length];

  const { status } = await stack.send("/public/x");

  expect(status).toBe(200);
  expect([internal.requests.length, perUser.requests.length]).toEqual([(before[0] ?? 0) + 1, before[1] ?? 0]);
  expect(internal.requests.at(-1)?.target).toBe("/base/public/x");
});

test("a WebSocket too goes to the user's own upstream, if that is listed", async () => {
  const table = (hosts: string) => ({
    internalHost: internal.origin,
    provider: `[providers.app.ak_proxy]\nbackend_override = "{at|${stack.echoUrl}}"\nbackend_override_hosts = [${hosts}]`,
  });
  await stack.reload(table('"127.0.0.1"'));
  const cookie = await sessionOf(stack, "http://app.test", "homeless");
  const before = internal.requests.length;

  const socket = await openSocket(stack.port, { cookie });
  socket.send("hello");
  const said = await socket.next();
  socket.close(1000, "");
  await stack.reload(table('"*.test"'));
  const refused = openSocket(stack.port, { cookie });

  expect(said).toBe("hello");
  await expect(refused).rejects.toThrow();
  expect(internal.requests.length).toBe(before);
});
