import { afterAll, describe, expect, test } from "bun:test";
import { singleApp } from "../fakes/sample-config.ts";
import { checkRequest, withInstead } from "./check-request.ts";
import { startForwardStack } from "./forward-stack.ts";

const wiki = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("the wiki") });

const forward = await startForwardStack(["app.test", "wiki.test"], {
  providers: `${singleApp}[providers.wiki]
mode = "proxy"
external_host = "https://wiki.test"
internal_host = "http://127.0.0.1:${wiki.port}"
skip_path_regex = "^/"
`,
});
afterAll(async () => {
  await forward.stop();
  await wiki.stop(true);
});

describe("PATH-16, FWD-15: an application that is proxied beside one that is checked", () => {
  test.each([
    ["nginx", { "X-Forwarded-Host": "wiki.test" }],
    ["nginx", { Forwarded: "host=wiki.test" }],
    ["nginx", { Host: "wiki.test" }],
    ["envoy", { "X-Forwarded-Host": "wiki.test" }],
    ["envoy", { Host: "wiki.test" }],
    ["traefik", { "X-Forwarded-Host": "wiki.test" }],
    ["forward", { Host: "wiki.test", "X-Forwarded-Host": "" }],
  ] as const)("%s with %j: no answer of the proxied one is a verdict on the other", async (dialect, instead) => {
    const check = checkRequest(dialect, { method: "GET", url: "https://app.test/private", headers: [] });

    const answer = await forward.ask({ ...check, headers: withInstead(check.headers, instead) });

    expect(answer.status).toBeGreaterThanOrEqual(300);
    expect(answer.body).not.toContain("the wiki");
  });
});
