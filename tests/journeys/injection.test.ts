import { afterAll, describe, expect, test } from "bun:test";
import { allValues, type HeaderLines } from "../../src/core/http/header-lines.ts";
import { loginAs } from "../fakes/browser.ts";
import { startRecordingUpstream } from "../fakes/upstream.ts";
import { sessionOf } from "../security/guarded-app.ts";
import { startStack } from "./stack.ts";
import { app } from "./visit.ts";

const attributes = (user_attributes: object) => ({ ak_proxy: { user_attributes } });
const users = {
  alice: {
    preferred_username: "alice",
    email: "alice@example.test",
    email_verified: true,
    department: ["it", "dev"],
    groups: ["app-admins", "vpn"],
    ...attributes({ app_password: "s3cret:ä" }),
  },
  bob: { preferred_username: "bob", email: "bob@example.test", department: "hr", groups: ["vpn"] },
  colon: { preferred_username: "co:lon", email: "c@example.test", department: "it" },
  claimed: {
    preferred_username: "claimed",
    department: "it",
    ...attributes({
      app_user: "from-claim",
      app_password: "x",
      additionalHeaders: {
        "x-app-user": "from-claim",
        "X-Level": 7,
        "X-List": ["a"],
        "X-Authentik-Meta-App": "stolen",
      },
    }),
  },
  unverified: { preferred_username: "mallory", email: "mallory@corp.test", email_verified: false },
  overage: {
    preferred_username: "overage",
    _claim_names: { groups: "src1" },
    _claim_sources: { src1: { endpoint: "https://graph.test/me/getMemberObjects" } },
  },
  large: {
    preferred_username: "large",
    department: "it",
    groups: Array.from({ length: 650 }, (_, at) => `app-group-${at}`),
  },
};
const table = `
basic_auth_enabled = true
basic_auth_user_attribute = "app_user"
basic_auth_password_attribute = "app_password"
skip_path_regex = "^/public/"
groups_filter = "^app-"
[providers.app.ak_proxy.user_attributes]
app_user = "{preferred_username}"
[providers.app.ak_proxy.user_attributes.additionalHeaders]
X-App-User = "svc-{preferred_username}"
X-Departments = "{department|none}"
X-Static = true
`;

const upstream = await startRecordingUpstream();
const stack = await startStack({ internalHost: upstream.origin, users, provider: table });
afterAll(async () => {
  await stack.stop();
  await upstream.stop();
});

const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;

/** What the application gets of one request. */
async function seen(subject: string | null, headers: Readonly<Record<string, string>> = {}, target = "/x") {
  const cookie = subject === null ? {} : { cookie: await sessionOf(stack, "http://app.test", subject) };
  const before = upstream.requests.length;
  const answer = await stack.send(target, { headers: { ...headers, ...cookie } });
  return { status: answer.status, lines: upstream.requests[before]?.headers ?? [] };
}

const one = (lines: HeaderLines, name: string) => allValues(lines, name).join(" & ");

describe("proxied requests", () => {
  test("decision 29: the Basic credential is made of the two attributes, one line, in place of the client's own", async () => {
    const { lines } = await seen("alice", { authorization: "Basic Zm9vOmJhcg==" });

    expect(allValues(lines, "authorization")).toEqual([basic("alice:s3cret:ä")]);
  });

  test("decision 15: for a user without a password an empty one is sent", async () => {
    const { lines } = await seen("bob");

    expect(one(lines, "authorization")).toBe(basic("bob:"));
  });

  test("M2M-15: a user name with a colon is not sent, the client's own credential neither; the log warns without it", async () => {
    const { status, lines } = await seen("colon", { authorization: "Basic Zm9vOmJhcg==" });

    expect(status).toBe(200);
    expect(allValues(lines, "authorization")).toEqual([]);
    expect(JSON.stringify(stack.logLines)).toContain("basic authentication: the user name holds ':'");
  });

  test("additionalHeaders of the table: templates, a list joined, a default, true as text", async () => {
    const ofAlice = await seen("alice");
    const ofLarge = await seen("colon");

    expect(one(ofAlice.lines, "x-app-user")).toBe("svc-alice");
    expect(one(ofAlice.lines, "x-departments")).toBe("it|dev");
    expect(one(ofAlice.lines, "x-static")).toBe("true");
    expect(one(ofLarge.lines, "x-departments")).toBe("it");
  });

  test("decision 31: the issuer's claim wins key by key and header by header", async () => {
    const { lines } = await seen("claimed");

    expect(one(lines, "authorization")).toBe(basic("from-claim:x"));
    expect(one(lines, "x-app-user")).toBe("from-claim");
    expect(one(lines, "x-static")).toBe("true");
    expect(one(lines, "x-level")).toBe("7");
    expect(one(lines, "x-list")).toBe("");
    expect(one(lines, "x-authentik-meta-app")).toBe("app");
  });

  test("HDR-06: a client can't say a configured header, logged in or not, in any spelling", async () => {
    const lies = { "X-App-User": "root", "x-app.user": "root", "X-STATIC": "root" };

    const ofAlice = await seen("alice", lies);
    const ofNobody = await seen(null, lies, "/public/x");

    expect(JSON.stringify([ofAlice.lines, ofNobody.lines])).not.toContain("root");
    expect([ofAlice.status, ofNobody.status]).toEqual([200, 200]);
  });

  test("nobody gets no credential and no additional header on a public path, and keeps their own Authorization", async () => {
    const { lines } = await seen(null, { authorization: "Basic Zm9vOmJhcg==" }, "/public/x");

    expect(one(lines, "authorization")).toBe("Basic Zm9vOmJhcg==");
    expect(one(lines, "x-app-user")).toBe("");
  });

  test("groups_filter narrows the groups that are sent", async () => {
    const ofAlice = await seen("alice");
    const ofBob = await seen("bob");

    expect(one(ofAlice.lines, "x-authentik-groups")).toBe("app-admins");
    expect(allValues(ofBob.lines, "x-authentik-groups")).toEqual([""]);
  });

  test("a large identity is warned of once, with its provider and the biggest header", async () => {
    await seen("large");
    await seen("large");

    const warnings = stack.logLines.filter(({ warning }) => String(warning).includes("bytes of identity headers"));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatchObject({ provider: "app", user: "large" });
    expect(String(warnings[0]?.["warning"])).toMatch(
      /^\d+ bytes of identity headers, \d+ of them X-authentik-(groups|jwt):/,
    );
  });

  test("a password never reaches the log", () => {
    expect(JSON.stringify(stack.logLines)).not.toContain("s3cret");
  });
});

test("without basic_auth_enabled nothing is injected, and the client's own Authorization of a session goes on", async () => {
  await stack.reload({ internalHost: upstream.origin, provider: "" });
  const { lines } = await seen("alice", { authorization: "Custom abc" });
  await stack.reload({ internalHost: upstream.origin, provider: table });

  expect(allValues(lines, "authorization")).toEqual(["Custom abc"]);
  expect(one(lines, "x-app-user")).toBe("");
});

describe("verdicts", () => {
  const verdictOf = async (subject: string | null, uri: string) => {
    const single = `
[providers.app]
mode = "forward_single"
external_host = "http://app.test"
${table}`;
    await stack.reload({ providers: single });
    const cookie = subject === null ? {} : { cookie: await forwardSession(subject) };
    const told = { "x-forwarded-proto": "http", "x-forwarded-host": "app.test", "x-forwarded-uri": uri };
    const answer = await stack.send("/outpost.goauthentik.io/auth/traefik", { headers: { ...told, ...cookie } });
    await stack.reload({ internalHost: upstream.origin, provider: table });
    return answer;
  };
  const forwardSession = (subject: string) =>
    sessionOf(stack, "http://app.test/outpost.goauthentik.io/start?rd=", subject);

  test("the Basic credential and the additional headers stand in a 2xx", async () => {
    const { status, headers } = await verdictOf("alice", "/x");

    expect(status).toBe(200);
    expect(headers.get("authorization")).toBe(basic("alice:s3cret:ä"));
    expect(headers.get("x-app-user")).toBe("svc-alice");
    expect(headers.get("x-authentik-groups")).toBe("app-admins");
  });

  test("a 2xx for nobody has no credential, and the additional headers empty", async () => {
    const { status, headers } = await verdictOf(null, "/public/x");

    expect(status).toBe(200);
    expect(headers.get("authorization")).toBeNull();
    expect(headers.get("x-app-user")).toBe("");
    expect(headers.get("x-authentik-username")).toBe("");
  });
});

describe("who may enter by claims", () => {
  const allowing = (allow: string) => stack.reload({ internalHost: upstream.origin, provider: allow });

  test("a list that contains the value, and a text that equals it, let in; others are refused", async () => {
    await allowing('allow = { claims = { department = ["it"] } }');

    expect((await seen("alice")).status).toBe(200);
    expect((await seen("colon")).status).toBe(200);
    expect((await seen("bob")).status).toBe(403);
    expect((await seen("overage")).status).toBe(403);
  });

  test("a rule may ask about a claim", async () => {
    await allowing(
      'rules = [{ path_regex = "^/hr", allow = { claims = { department = "hr" } } }, { access = "login" }]',
    );

    expect((await seen("bob", {}, "/hr")).status).toBe(200);
    expect((await seen("alice", {}, "/hr")).status).toBe(403);
    expect((await seen("alice", {}, "/x")).status).toBe(200);
  });

  test("OIDC-13: an address that the issuer has not verified does not let in, and the page says so", async () => {
    await allowing('allow = { email_domains = ["corp.test", "example.test"] }');
    const page = await loginAs(stack.browser(), app, "unverified");

    expect(page.status).toBe(403);
    expect(page.text).toContain("not verified by the identity provider");
    expect((await seen("alice")).status).toBe(200); // verified
    expect((await seen("bob")).status).toBe(200); //   the issuer does not say
  });

  test("groups overage: the log and the page name it", async () => {
    await allowing('allow = { groups = ["vpn"] }');
    const page = await loginAs(stack.browser(), app, "overage");

    expect(page.status).toBe(403);
    expect(page.text).toContain("left out by the identity provider");
    expect(JSON.stringify(stack.logLines)).toContain("(groups overage)");
    expect((await seen("bob")).status).toBe(200);
  });
});
