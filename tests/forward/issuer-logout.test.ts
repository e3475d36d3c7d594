import { afterAll, expect, test } from "bun:test";
import { header } from "../fakes/raw-client.ts";
import { corpDomain, singleApp } from "../fakes/sample-config.ts";
import { checkRequest } from "./check-request.ts";
import { startForwardStack } from "./forward-stack.ts";

const forward = await startForwardStack(["app.test", "auth.corp.test"], {
  providers: singleApp + corpDomain,
});
afterAll(() => forward.stop());

const paths = ["/outpost.goauthentik.io/backchannel-logout", "/outpost.goauthentik.io/frontchannel-logout?iss=a&sid=b"];

test.each(["traefik", "caddy", "envoy", "forward"] as const)(
  "%s, asked about a path where issuers end sessions, is never told 2xx: it has to be routed to akproxy",
  async (dialect) => {
    const statuses: number[] = [];
    for (const path of paths) {
      for (const method of ["GET", "POST"]) {
        const check = checkRequest(dialect, { method, url: `https://app.test${path}`, headers: [] });
        statuses.push((await forward.ask(check)).status);
      }
    }

    expect(statuses.filter((status) => status < 400)).toEqual([]);
  },
);

test("nginx lets issuers through to these paths, which its location sends to akproxy, and to nothing near them", async () => {
  const about = async (path: string) =>
    (await forward.ask(checkRequest("nginx", { method: "POST", url: `https://app.test${path}`, headers: [] }))).status;

  const ours = [await about(paths[0] ?? ""), await about(paths[1] ?? "")];
  const near = [await about("/outpost.goauthentik.io/backchannel-logout/x"), await about("/backchannel-logout")];

  expect(ours).toEqual([200, 200]);
  expect(near).toEqual([401, 401]);
});

test.each(["app.test", "auth.corp.test"])("the endpoints answer on the host %s of a forward provider", async (host) => {
  const headers = { host, "content-type": "application/x-www-form-urlencoded" };

  const back = await forward.stack.send(paths[0] ?? "", { method: "POST", headers, body: "logout_token=x" });
  const front = await forward.ask({ method: "GET", target: paths[1] ?? "", headers: [["Host", host]] });

  expect([back.status, await back.json()]).toEqual([
    400,
    { error: "invalid_request", error_description: "its iss and aud match no provider" },
  ]);
  expect([front.status, header(front, "content-length")]).toEqual([200, "0"]);
});
