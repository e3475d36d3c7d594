import { afterAll, describe, expect, test } from "bun:test";
import { clientSecret } from "../fakes/sample-config.ts";
import { basic, jwtClientId, machineClients, machineToken } from "./machine-tokens.ts";
import { type Stack, startStack } from "./stack.ts";
import { loggedIn } from "./visit.ts";

const clients = machineClients;
const opaque = await startStack({ clients, provider: 'skip_path_regex = "^/public/"' });
const jwt = await startStack({ clients, provider: `client_id = "${jwtClientId}"\nclient_secret = ""` });
afterAll(() => Promise.all([opaque.stop(), jwt.stop()]));

interface Seen {
  readonly status: number;
  readonly challenge: string | null;
  readonly cookies: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
}

async function seen(stack: Stack, authorization: string, path = "/json"): Promise<Seen> {
  const answer = await stack.send(path, { headers: { authorization } });
  const text = await answer.text();
  const body: { readonly headers?: Readonly<Record<string, string>> } = answer.status === 200 ? JSON.parse(text) : {};
  return {
    status: answer.status,
    challenge: answer.headers.get("www-authenticate"),
    cookies: answer.headers.getSetCookie(),
    headers: body.headers ?? {},
  };
}

describe("an opaque token of a real issuer, by introspection", () => {
  test("decision 39, M2M-08: one of our client lets in as that client, and stays behind, from the cache too", async () => {
    const token = await machineToken(opaque.issuer, "akproxy");
    const before = opaque.issuer.hits.introspection;

    for (const _time of [1, 2, 3]) {
      const { status, headers, cookies } = await seen(opaque, `Bearer ${token}`);
      expect([status, headers["x-authentik-username"], headers["x-authentik-uid"]]).toEqual([
        200,
        "akproxy",
        "akproxy",
      ]);
      expect(headers["x-authentik-groups"] ?? "").toBe("");
      expect(headers["authorization"]).toBeUndefined();
      expect(JSON.stringify(headers)).not.toContain(token);
      expect(cookies).toEqual([]);
    }

    expect(opaque.issuer.hits.introspection - before).toBe(1);
  });

  test("authentik: it may be the password of goauthentik.io/token", async () => {
    const token = await machineToken(opaque.issuer, "akproxy");

    const { status, headers } = await seen(opaque, basic("goauthentik.io/token", token));

    expect([status, headers["x-authentik-username"]]).toEqual([200, "akproxy"]);
    expect(headers["authorization"]).toBeUndefined();
  });

  test("M2M-01: a token that was issued to another client is refused, though the issuer calls it active", async () => {
    const token = await machineToken(opaque.issuer, "stranger");

    const answer = await seen(opaque, `Bearer ${token}`);

    expect([answer.status, answer.challenge]).toEqual([401, 'Bearer realm="app", error="invalid_token"']);
  });

  test("M2M-12: a thousand calls leave no session behind", async () => {
    const token = await machineToken(opaque.issuer, "akproxy");
    const before = await opaque.metric("akproxy_sessions");

    for (let time = 0; time < 100; time += 1) {
      await Promise.all(Array.from({ length: 10 }, () => seen(opaque, `Bearer ${token}`)));
    }

    expect(await opaque.metric("akproxy_sessions")).toBe(before);
  });

  test("M2M-03: a revoked token is refused within a minute", async () => {
    const token = await machineToken(opaque.issuer, "akproxy");
    const first = await seen(opaque, `Bearer ${token}`);
    await fetch(`${opaque.issuer.issuer}/token/revocation`, {
      method: "POST",
      headers: { authorization: basic("akproxy", encodeURIComponent(clientSecret)) },
      body: new URLSearchParams({ token }),
    });

    opaque.advance(60);
    const later = await seen(opaque, `Bearer ${token}`);

    expect([first.status, later.status]).toEqual([200, 401]);
  });

  test("M2M-08: beside a session and on a public path the application gets the credential", async () => {
    const token = await machineToken(opaque.issuer, "akproxy");
    const cookie = (await loggedIn(opaque, "alice")).cookies.headerFor(new URL("http://app.test/"));
    const before = opaque.issuer.hits.introspection;

    const answer = await opaque.send("/json", { headers: { cookie, authorization: `Bearer ${token}` } });
    const withSession: { readonly headers: Readonly<Record<string, string>> } = JSON.parse(await answer.text());
    const onPublic = await opaque.send("/public/x", {
      headers: { accept: "application/json", authorization: `Bearer ${token}` },
    });

    expect(withSession.headers["x-authentik-username"]).toBe("alice");
    expect(withSession.headers["authorization"]).toBe(`Bearer ${token}`);
    expect(await onPublic.text()).toContain(token);
    expect(opaque.issuer.hits.introspection).toBe(before);
  });

  test("a user name with a password is refused by an issuer that does not know such a thing", async () => {
    const answer = await seen(opaque, basic("alice", "anything"));

    expect([answer.status, answer.challenge]).toEqual([401, 'Basic realm="app", charset="UTF-8"']);
    expect(answer.cookies).toEqual([]);
  });
});

describe("a JWT of a real issuer, by its keys", () => {
  test("one for our client lets in as the machine that it was given to", async () => {
    const token = await machineToken(jwt.issuer, "ci", jwtClientId);

    const { status, headers } = await seen(jwt, `Bearer ${token}`);

    expect([status, headers["x-authentik-username"], headers["x-authentik-uid"]]).toEqual([200, "ci", "ci"]);
    expect(JSON.stringify(headers)).not.toContain(token);
    expect(jwt.issuer.hits.introspection).toBe(0);
  });

  test("JWT-05: one for another audience is refused", async () => {
    const token = await machineToken(jwt.issuer, "ci", "urn:another:api");

    expect((await seen(jwt, `Bearer ${token}`)).status).toBe(401);
  });

  test("JWT-07: a person's id_token is not a credential", async () => {
    const withIdToken = await loggedIn(opaque, "alice");
    const page = await withIdToken.get("http://app.test/json");
    const { headers }: { readonly headers: Readonly<Record<string, string>> } = JSON.parse(page.text);
    const idToken = headers["x-authentik-jwt"] ?? "";

    expect(idToken.split(".")).toHaveLength(3);
    expect((await seen(opaque, `Bearer ${idToken}`)).status).toBe(401);
  });

  test("JWT-06: one past its time is refused, though it was good a moment ago", async () => {
    const token = await machineToken(jwt.issuer, "ci", jwtClientId);
    const first = await seen(jwt, `Bearer ${token}`);

    jwt.advance(3600);
    const later = await seen(jwt, `Bearer ${token}`);
    jwt.advance(-3600);

    expect([first.status, later.status]).toEqual([200, 401]);
  });
});
