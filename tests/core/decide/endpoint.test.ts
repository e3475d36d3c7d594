import { expect, test } from "bun:test";
import { endpointOf } from "../../../src/core/decide/endpoint.ts";
import { judgeTarget } from "../../../src/core/http/judged-target.ts";

const flags = "X-authentik-auth-callback=true";

test.each([
  ["/outpost.goauthentik.io/ping", "ping"],
  ["/outpost.goauthentik.io/ping?x=1", "ping"],
  ["/outpost.goauthentik.io/start?rd=/x", "start"],
  ["/outpost.goauthentik.io/callback", "callback"],
  [`/outpost.goauthentik.io/callback?${flags}&code=1&state=2`, "callback"],
  ["/outpost.goauthentik.io/sign_out", "sign_out"],
  ["/outpost.goauthentik.io/backchannel-logout", "backchannel_logout"],
  ["/outpost.goauthentik.io/backchannel-logout?X-authentik-logout=true", "backchannel_logout"],
  ["/outpost.goauthentik.io/frontchannel-logout?iss=a&sid=b", "frontchannel_logout"],
  ["/outpost.goauthentik.io/?X-authentik-logout=true", "sign_out"],
  ["/outpost.goauthentik.io/anything?X-authentik-logout=TRUE", "sign_out"],
  [`/page?${flags}&code=1&state=2`, "flagged_callback"],
  [`/page?${flags}&error=access_denied&state=2`, "flagged_callback"],
  [`/outpost.goauthentik.io/start?${flags}&code=1&state=2`, "flagged_callback"],
] as const)("%j is %s", (target, endpoint) => {
  expect(endpointOf(judgeTarget(target))).toBe(endpoint);
});

test.each([
  ["PATH-16", "/outpost.goauthentik.io"],
  ["PATH-16", "/outpost.goauthentik.io/"],
  ["PATH-16", "/outpost.goauthentik.io/ping/"],
  ["PATH-16", "/outpost.goauthentik.io/backchannel-logout/"],
  ["PATH-16", "/outpost.goauthentik.io/Frontchannel-Logout"],
  ["PATH-16", "/outpost.goauthentik.io/pingx"],
  ["PATH-16", "/outpost.goauthentik.io/ping/../../admin"],
  ["PATH-16", "/outpost.goauthentik.io/%70ing"],
  ["PATH-16", "/outpost.goauthentik.io//ping"],
  ["PATH-16", "/outpost.goauthentik.io/PING"],
  ["PATH-16", "/outpost.goauthentik.io/ping;x"],
  ["PATH-16", "/outpost.goauthentik.iox/ping"],
  ["PATH-16", "/x/outpost.goauthentik.io/ping"],
  ["PATH-16", "//outpost.goauthentik.io/ping"],
  ["PATH-16", "/outpost%2egoauthentik.io/ping"],
  ["PATH-16", "/admin?/outpost.goauthentik.io/ping"],
  ["PATH-16", "/outpost.goauthentik.io/../admin?X-authentik-logout=true"],
  ["PATH-16", "/outpost.goauthentik.io/%2e%2e/admin?X-authentik-logout=true"],
  ["PATH-16", "/outpost.goauthentik.io/..;/admin?X-authentik-logout=true"],
  ["PATH-16", "/outpost.goauthentik.io/..%2fadmin?X-authentik-logout=true"],
  ["PATH-16", "/outpost.goauthentik.io/..\\admin?X-authentik-logout=true"],
  ["PATH-17", "/page?X-authentik-logout=true"],
  ["PATH-17", "/outpost.goauthentik.iox/?X-authentik-logout=true"],
  ["PATH-17", "/outpost.goauthentik.io/x?X-authentik-logout=1"],
  ["PATH-17", `/page?${flags}`],
  ["PATH-17", `/page?${flags}&code=1`],
  ["PATH-17", `/page?${flags}&state=1`],
  ["PATH-17", "/page?code=1&state=2"],
  ["PATH-17", "/page?X-authentik-auth-callback=false&code=1&state=2"],
])("%s: %j is none of ours", (_row, target) => {
  expect(endpointOf(judgeTarget(target))).toBe("none");
});
