import { afterAll, describe, expect, test } from "bun:test";
import { header, headerValues } from "../fakes/raw-client.ts";
import { corpDomain, singleApp } from "../fakes/sample-config.ts";
import { basic, jwtClientId, machineClients, machineToken } from "../journeys/machine-tokens.ts";
import { checkRequest } from "./check-request.ts";
import { startForwardStack } from "./forward-stack.ts";

const dialects = ["nginx", "traefik", "caddy", "envoy", "forward"] as const;

const forward = await startForwardStack(["app.test", "auth.corp.test", "jwt.test", "off.test"], {
  clients: machineClients,
  providers: `${singleApp}${corpDomain}[providers.jwt]
mode = "forward_single"
external_host = "https://jwt.test"
client_id = "${jwtClientId}"
client_secret = ""
[providers.off]
mode = "forward_single"
external_host = "https://off.test"
intercept_header_auth = false
`,
});
afterAll(() => forward.stop());

describe.each(dialects)("%s asks about a machine", (dialect) => {
  const ask = (url: string, ...values: readonly string[]) =>
    forward.ask(
      checkRequest(dialect, { method: "GET", url, headers: values.map((value) => ["Authorization", value] as const) }),
    );

  test.each(["https://app.test/api", "https://grafana.corp.test/api"])(
    "an opaque token lets in to %s as its client, without a cookie",
    async (url) => {
      const token = await machineToken(forward.stack.issuer, "akproxy");

      const answer = await ask(url, `Bearer ${token}`);

      expect(answer.status).toBe(200);
      expect(headerValues(answer, "x-authentik-username")).toEqual(["akproxy"]);
      expect(headerValues(answer, "x-authentik-jwt")).toEqual([""]);
      expect(headerValues(answer, "set-cookie")).toEqual([]);
      expect(JSON.stringify(answer)).not.toContain(token);
    },
  );

  test("a JWT lets in as the machine it was given to", async () => {
    const token = await machineToken(forward.stack.issuer, "ci", jwtClientId);

    const answer = await ask("https://jwt.test/api", `Bearer ${token}`);

    expect([answer.status, header(answer, "x-authentik-username")]).toEqual([200, "ci"]);
  });

  test.each([
    ["Bearer x", 'Bearer realm="app", error="invalid_token"'],
    [basic("alice", "wrong"), 'Basic realm="app", charset="UTF-8"'],
    ["Basic ???", 'Basic realm="app", charset="UTF-8"'],
  ])("M2M-05, M2M-09: with interception %j is 401 with a challenge, and no redirect", async (value, challenge) => {
    const answer = await ask("https://app.test/api", value);

    expect(answer.status).toBe(401);
    expect(header(answer, "www-authenticate")).toBe(challenge);
    expect(headerValues(answer, "location")).toEqual([]);
    expect(headerValues(answer, "set-cookie")).toEqual([]);
  });

  test.each(["Bearer x", "Basic ???", "Negotiate abc"])(
    "without interception %j is ignored: the answer is a login, as without it",
    async (value) => {
      const without = await ask("https://off.test/api");
      const answer = await ask("https://off.test/api", value);

      expect([200, 0]).not.toContain(answer.status);
      expect(answer.status).toBe(without.status);
    },
  );

  test("without interception a good token lets in all the same", async () => {
    const token = await machineToken(forward.stack.issuer, "akproxy");

    expect((await ask("https://off.test/api", `Bearer ${token}`)).status).toBe(200);
  });

  test("M2M-07: two credentials are refused", async () => {
    const token = await machineToken(forward.stack.issuer, "akproxy");
    const refusal = dialect === "nginx" ? 401 : 400;

    expect((await ask("https://app.test/api", `Bearer ${token}`, `Bearer ${token}`)).status).toBe(refusal);
    expect((await ask("https://app.test/api", `Bearer ${token}, Basic dTpw`)).status).toBe(refusal);
  });
});
