import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { identityHeaderNames } from "../../src/core/identity/identity-fields.ts";
import { header, headerValues } from "../fakes/raw-client.ts";
import { checkRequest } from "./check-request.ts";
import { type ForwardStack, startForwardStack } from "./forward-stack.ts";

const dialects = ["nginx", "traefik", "caddy", "envoy", "forward"] as const;

let forward: ForwardStack;
let cookie = "";
beforeAll(async () => {
  forward = await startForwardStack(["app.test", "bare.test"], {
    providers: `
[providers.app]
name = "Größe"
mode = "forward_single"
external_host = "https://app.test"
[providers.bare]
mode = "forward_single"
external_host = "https://bare.test"
send_jwt = false
header_encoding = "percent"
session_max = "1h"
`,
    users: {
      zoe: {
        preferred_username: "zoë",
        name: "Zoë 漢",
        groups: ["a|b", "grüße"],
        ak_proxy: {
          user_attributes: {
            additionalHeaders: {
              "X-App-User": "zoe",
              "X-Level": 7,
              "X-Beta": true,
              "X-authentik-email": "other@example.test",
              "X-authentik-meta-app": "stolen",
              "Set-Cookie": "a=b",
              "Content-Length": "7",
              Connection: "close",
              "X-List": ["a"],
              "X-Split": "a\r\nX-Injected: b",
            },
          },
        },
      },
    },
  });
  cookie = await forward.cookieOf("zoe", "https://app.test/");
});
afterAll(() => forward.stop());

const ask = (dialect: (typeof dialects)[number], url: string, line: string) =>
  forward.ask(checkRequest(dialect, { method: "GET", url, headers: [["Cookie", line]] }));
const utf8 = (bytes: string) => Buffer.from(bytes, "latin1").toString("utf8");

describe.each(dialects)("what %s gets of a person", (dialect) => {
  test("HDR-14: each identity header exactly once, text as UTF-8 bytes", async () => {
    const answer = await ask(dialect, "https://app.test/", cookie);

    expect(answer.status).toBe(200);
    expect(utf8(header(answer, "x-authentik-username"))).toBe("zoë");
    expect(utf8(header(answer, "x-authentik-name"))).toBe("Zoë 漢");
    expect(utf8(header(answer, "x-authentik-groups"))).toBe("grüße"); // a group with the separator in it could be read as two
    expect(utf8(header(answer, "x-authentik-meta-provider"))).toBe("Größe");
    expect(header(answer, "x-authentik-entitlements")).toBe("");
    expect(answer.headers.filter(([name]) => /^x-authentik-/i.test(name))).toHaveLength(identityHeaderNames.length);
  });

  test("decision 15: additionalHeaders, strings, numbers and booleans; what belongs to akproxy or to the message is not theirs", async () => {
    const answer = await ask(dialect, "https://app.test/", cookie);

    expect(headerValues(answer, "x-app-user")).toEqual(["zoe"]);
    expect(headerValues(answer, "x-level")).toEqual(["7"]);
    expect(headerValues(answer, "x-beta")).toEqual(["true"]);
    expect(headerValues(answer, "x-authentik-email")).toEqual(["other@example.test"]);
    expect(headerValues(answer, "x-authentik-meta-app")).toEqual(["app"]);
    for (const name of ["set-cookie", "x-list", "x-injected"]) expect(headerValues(answer, name)).toEqual([]);
    expect(answer.body).toBe("");
  });
});

test("send_jwt = false: the token's header is there and empty; header_encoding = percent: ASCII alone", async () => {
  const line = await forward.cookieOf("zoe", "https://bare.test/");

  const answer = await ask("traefik", "https://bare.test/", line);

  expect(headerValues(answer, "x-authentik-jwt")).toEqual([""]);
  expect(header(answer, "x-authentik-username")).toBe("zo%C3%AB");
});

test("a session that is over is none for the next question", async () => {
  const line = await forward.cookieOf("zoe", "https://bare.test/");
  const before = await ask("nginx", "https://bare.test/", line);

  forward.stack.advance(3601);
  const after = await ask("nginx", "https://bare.test/", line);

  expect([before.status, after.status]).toEqual([200, 401]);
});

test("a sign-out in one browser is known to the next question about another one's session", async () => {
  const line = await forward.cookieOf("zoe", "https://app.test/");
  const before = await ask("envoy", "https://app.test/", line);

  await forward.endedCookieOf("zoe", "https://app.test/");
  const after = await forward.ask(
    checkRequest("envoy", { method: "GET", url: "https://app.test/", headers: [["Cookie", line]] }),
  );

  expect([before.status, after.status]).toEqual([200, 302]);
});

test("HDR-16: the verdict for traefik gives the client's cookies back without ours, since Traefik can take none out itself", async () => {
  const own = await forward.cookieOf("zoe", "https://app.test/");
  const mixed = await ask("traefik", "https://app.test/", `theme=dark; ${own}; lang=de`);
  const onlyOurs = await ask("traefik", "https://app.test/", own);
  const others = await Promise.all(
    (["nginx", "caddy", "envoy", "forward"] as const).map((dialect) =>
      ask(dialect, "https://app.test/", `a=1; ${own}`),
    ),
  );

  expect(headerValues(mixed, "cookie")).toEqual(["theme=dark; lang=de"]);
  expect(headerValues(onlyOurs, "cookie")).toEqual([]);
  expect(others.map((answer) => headerValues(answer, "cookie"))).toEqual([[], [], [], []]);
});
