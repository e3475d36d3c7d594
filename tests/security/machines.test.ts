import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { es256, type FakeIssuer, issuerKey, startFakeIssuer, token } from "../fakes/idp.ts";
import { header, headerValues } from "../fakes/raw-client.ts";
import { basic } from "../journeys/machine-tokens.ts";
import { type GuardedApp, startGuardedApp } from "./guarded-app.ts";

let fake: FakeIssuer;
let app: GuardedApp | null = null;
/** The passwords that the issuer's token endpoint accepts, by user name. */
let passwords: Record<string, string> = {};
/** The claims of its introspection, by token. */
let tokens: Record<string, Readonly<Record<string, unknown>>> = {};

const seconds = () => Math.floor(Date.now() / 1000);

beforeEach(() => {
  fake = startFakeIssuer();
  fake.metadata = { introspection_endpoint: `${fake.issuer}/introspect` };
  passwords = { alice: "right" };
  tokens = { good: { client_id: "akproxy", sub: "u1", preferred_username: "alice", groups: ["staff"], scope: "api" } };
  fake.answers.other = async (request) => {
    const claims = tokens[new URLSearchParams(await request.text()).get("token") ?? ""];
    return Response.json(claims === undefined ? { active: false } : { active: true, ...claims });
  };
  fake.answers.token = async (request) => {
    const form = new URLSearchParams(await request.text());
    const username = form.get("username") ?? "";
    if (passwords[username] !== form.get("password")) return Response.json({ error: "invalid_grant" }, { status: 400 });
    const claims = { iss: fake.issuer, aud: "akproxy", sub: username, preferred_username: username, groups: [] };
    const times = { iat: seconds(), exp: seconds() + 300 };
    return Response.json({
      id_token: token({ alg: "ES256", kid: "fake" }, { ...claims, ...times }, es256(issuerKey.privateKey)),
    });
  };
});
afterEach(async () => {
  await app?.stop();
  app = null;
  await fake.stop();
});

/** akproxy at the fake issuer; `provider` and `limits` are lines of TOML. The journey's own provider stays, for its browser. */
async function start(provider = "", limits = ""): Promise<GuardedApp> {
  const application = await startGuardedApp({
    top: `[limits]\n${limits}`,
    provider: `[providers.machines]
mode = "proxy"
external_host = "http://machines.test"
internal_host = "http://127.0.0.1:1"
issuer = "${fake.issuer}"
${provider}`,
  });
  app = application;
  return application;
}

const ask = (application: GuardedApp, ...values: readonly string[]) =>
  application.ask("/x", { host: "machines.test", headers: values.map((value) => ["Authorization", value] as const) });

/** The status of an accepted request, whose upstream is down. */
const letIn = 502;

describe("the credentials of programs", () => {
  test("a bearer token and a password that the issuer confirms are accepted, and nothing else is", async () => {
    const application = await start();

    const statuses: number[] = [];
    for (const value of [
      "Bearer good",
      "bearer good",
      basic("alice", "right"),
      "Bearer bad",
      basic("alice", "wrong"),
    ]) {
      statuses.push((await ask(application, value)).status);
    }

    expect(statuses).toEqual([letIn, letIn, letIn, 401, 401]);
  });

  test("M2M-02: a credential that one provider accepted is checked again at another", async () => {
    const application = await start(`[providers.other]
mode = "proxy"
external_host = "http://other.test"
internal_host = "http://127.0.0.1:1"
issuer = "${fake.issuer}"
client_id = "another"`);
    await ask(application, "Bearer good");

    const there = await application.ask("/x", { host: "other.test", headers: [["Authorization", "Bearer good"]] });

    expect(there.status).toBe(401);
  });

  test("M2M-02: allow applies to a remembered credential too", async () => {
    const application = await start('rules = [{ path_regex = "^/x$", access = "login" }, { access = "deny" }]');
    await ask(application, "Bearer good");

    const elsewhere = await application.ask("/y", {
      host: "machines.test",
      headers: [["Authorization", "Bearer good"]],
    });

    expect(elsewhere.status).toBe(403);
  });

  test("M2M-06: a changed password is refused within a minute", async () => {
    const application = await start();
    const before = await ask(application, basic("alice", "right"));
    passwords["alice"] = "new";

    application.stack.advance(60);
    const after = await ask(application, basic("alice", "right"));

    expect([before.status, after.status]).toEqual([letIn, 401]);
  });

  test("akproxy asks the issuer again about a refused credential after 5 s", async () => {
    const application = await start();
    await ask(application, "Bearer later");
    tokens["later"] = tokens["good"] ?? {};

    const atOnce = await ask(application, "Bearer later");
    application.stack.advance(5);
    const after = await ask(application, "Bearer later");

    expect([atOnce.status, after.status]).toEqual([401, letIn]);
  });

  test("M2M-13: a malformed credential is refused without a question to the issuer", async () => {
    const application = await start();
    const values = [
      "Basic",
      "Basic ???",
      "Basic dTpwdw",
      "Basic dTpwdx==",
      basic("", "x"),
      basic("alice", ""),
      basic("al\u0000ice", "x"),
      "Bearer",
      "Bearer a b",
    ];

    const statuses = await Promise.all(values.map(async (value) => (await ask(application, value)).status));

    expect(new Set(statuses)).toEqual(new Set([401]));
    expect([fake.hits.token, fake.hits.other]).toEqual([0, 0]);
  });

  test.each([
    [["Bearer good", "Bearer good"]],
    [["Bearer bad", "Bearer good"]],
    [["Bearer good, Bearer good"]],
    [[`${basic("alice", "right")}, Bearer good`]],
  ])("M2M-07: %j are 400, with a session as well", async (values) => {
    const application = await start();
    const headers = values.map((value) => ["Authorization", value] as const);

    const nobody = await ask(application, ...values);
    const { answer, seen } = await application.pass("/x", { as: "alice", headers });

    expect([nobody.status, answer.status]).toEqual([400, 400]);
    expect(seen).toBeNull();
    expect(fake.hits.other).toBe(0);
  });
});

describe("the limits of guesses", () => {
  test("M2M-11: of 200 bad passwords at once no more than the limit reach the issuer", async () => {
    const application = await start("", 'failed_credentials = "20/1m"');

    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        application.ask("/x", {
          host: "machines.test",
          headers: [["Authorization", basic("alice", `guess ${index}`)]],
          options: { millisecondsToWait: 8000 },
        }),
      ),
    );

    const limited = answers.filter(({ status }) => status === 429);
    expect(fake.hits.token).toBe(20);
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(20);
    expect(limited).toHaveLength(180);
    expect(Number(header(limited[0] ?? answers[0] ?? { headers: [] }, "retry-after"))).toBeGreaterThan(0);
  });

  test("M2M-11: the right password is refused too until the time is over; a remembered one is accepted", async () => {
    const application = await start("", 'failed_credentials = "2/1m"');
    passwords["bob"] = "right";
    const remembered = await ask(application, basic("bob", "right"));
    for (const guess of ["a", "b"]) await ask(application, basic("alice", guess));

    const right = await ask(application, basic("alice", "right"));
    const still = await ask(application, basic("bob", "right"));
    application.stack.advance(30);
    const later = await ask(application, basic("alice", "right"));

    expect([remembered.status, right.status, still.status, later.status]).toEqual([letIn, 429, letIn, letIn]);
    expect(headerValues(right, "set-cookie")).toEqual([]);
    expect(header(right, "retry-after")).toMatch(/^(2[6-9]|30)$/);
  });

  test("M2M-11: failures of a user name count together, from all addresses", async () => {
    const application = await start("", 'failed_credentials = "2/1m"');
    const from = (address: string, username: string) =>
      application.ask("/x", {
        host: "machines.test",
        headers: [
          ["X-Forwarded-For", address],
          ["Authorization", basic(username, `guess of ${address}`)],
        ],
      });

    const statuses: number[] = [];
    for (const address of ["192.0.2.1", "192.0.2.2", "192.0.2.3"]) statuses.push((await from(address, "alice")).status);
    statuses.push((await from("192.0.2.3", "ALICE")).status, (await from("192.0.2.4", "bob")).status);

    expect(statuses).toEqual([401, 401, 429, 429, 401]);
  });

  test("M2M-11: of IPv6 a /64 counts as one address", async () => {
    const application = await start("", 'failed_credentials = "2/1m"');
    const statuses: number[] = [];
    for (const address of ["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::1"]) {
      const answer = await application.ask("/x", {
        host: "machines.test",
        headers: [
          ["X-Forwarded-For", address],
          ["Authorization", `Bearer guess${address.replaceAll(":", ".")}`],
        ],
      });
      statuses.push(answer.status);
    }

    expect(statuses).toEqual([401, 401, 429, 401]);
  });

  test("DOS-05: a hundred equal tokens at once are one request to the issuer", async () => {
    const application = await start();

    const answers = await Promise.all(Array.from({ length: 100 }, () => ask(application, "Bearer good")));

    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([letIn]));
    expect(fake.hits.other).toBe(1);
  });

  test("M2M-06: an unknown user name is refused no sooner than a wrong password", async () => {
    const application = await start("", 'failed_credentials = ""');
    const timeOf = async (username: string) => {
      const before = performance.now();
      await ask(application, basic(username, `wrong ${username}`));
      return performance.now() - before;
    };

    const times = await Promise.all(
      Array.from({ length: 20 }, (_, index) => timeOf(index % 2 === 0 ? "alice" : `x${index}`)),
    );

    expect(Math.min(...times)).toBeGreaterThan(240);
  });
});

describe("M2M-14: an issuer that does not answer", () => {
  test.each(["true", "false"])("is 503 with Retry-After and no denial, with interception %s", async (intercept) => {
    const application = await start(`intercept_header_auth = ${intercept}`);
    const right = fake.answers.other;
    fake.answers.other = () => new Response("", { status: 503 });
    const down = await ask(application, "Bearer good");
    if (right !== undefined) fake.answers.other = right;

    const back = await ask(application, "Bearer good");

    expect(down.status).toBe(503);
    expect(header(down, "retry-after")).toBe("10");
    expect(headerValues(down, "set-cookie")).toEqual([]);
    expect(back.status).toBe(letIn);
  });
});

test("LEAK-06, M2M-04: no log line and no page holds a credential", async () => {
  const application = await start("", 'failed_credentials = "3/1m"');
  const bodies: string[] = [];
  for (const value of [
    "Bearer bad-secret",
    basic("alice", "bad-secret"),
    basic("bad-secret", "x"),
    "Bearer bad-secret2",
  ]) {
    const answer = await ask(application, value);
    bodies.push(JSON.stringify(answer));
  }

  expect(bodies.join("\n")).not.toContain("bad-secret");
  expect(bodies.join("\n")).not.toContain(Buffer.from("alice:bad-secret").toString("base64"));
  expect(JSON.stringify(application.stack.logLines)).not.toContain("bad-secret");
  expect(JSON.stringify(application.stack.logLines)).toContain("credential refused");
});
