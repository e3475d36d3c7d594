import { afterAll, describe, expect, test } from "bun:test";
import { endpointOf } from "../../src/core/decide/endpoint.ts";
import { dialectOf } from "../../src/core/forward-auth/dialects.ts";
import { firstValue } from "../../src/core/http/header-lines.ts";
import { judgeTarget } from "../../src/core/http/judged-target.ts";
import { outcomeOf } from "../../src/http/wire-handler.ts";
import { router } from "../fakes/router.ts";
import { startBareOutpost } from "../forward/outpost.ts";
import { hostileTargets } from "./hostile-targets.ts";

const bare = await startBareOutpost({
  providers: `
[providers.app]
mode = "forward_single"
external_host = "http://app.test"
rules = [{ access = "deny" }]
[providers.proxied]
mode = "proxy"
external_host = "http://proxied.test"
internal_host = "http://127.0.0.1:1"
rules = [{ access = "deny" }]
`,
});
afterAll(() => bare.close());

const targets = hostileTargets(6000);

/** The status, label and Allow of each route's answer to a PUT of a peer that is not trusted; all differ. */
const answers = {
  ping: "204 ping",
  start: "401 unauthorized",
  callback: "405 callback GET",
  sign_out: "405 sign_out GET, POST",
  backchannel_logout: "405 refused POST",
  frontchannel_logout: "405 refused GET",
  none: "404 refused",
  check: "403 refused",
} as const;

/** In proxy mode a rule closes the application. */
const proxiedAnswer = "403 denied";

async function answerTo(target: string, method = "PUT", host = "app.test"): Promise<string> {
  const { result } = await outcomeOf(router, bare.deps, {
    method,
    target,
    headers: [["Host", host]],
    scheme: "http",
    peerAddress: "192.0.2.1",
    serverName: null,
    hasBody: false,
  });
  if (result.kind !== "answer") return result.kind;
  return [result.status, result.label, firstValue(result.headers, "allow") ?? ""].join(" ").trim();
}

/** In proxy mode the path of a check is the application's; with a flag it is the endpoint that the flag names. */
function expectedInProxyMode(target: string): string {
  const expected = expectedAnswer(target);
  if (expected !== answers.none && expected !== answers.check) return expected;
  const endpoint = endpointOf(judgeTarget(target));
  return endpoint === "none" || endpoint === "flagged_callback" ? proxiedAnswer : answers[endpoint];
}

function expectedAnswer(target: string): string {
  if (!target.startsWith("/")) return "400 refused";
  if (target.length > 8192) return "414 refused";
  if (target.includes("#")) return "400 refused";
  const judged = judgeTarget(target);
  if (dialectOf(judged.path) !== null) return answers.check;
  const endpoint = endpointOf(judged);
  return answers[endpoint === "flagged_callback" ? "none" : endpoint];
}

const answersInCheck = {
  ping: "200",
  start: "401",
  callback: "405 GET",
  sign_out: "405 GET, POST",
  backchannel_logout: "401",
  frontchannel_logout: "405 GET",
  flagged_callback: "403", //                      of a login that nobody started: the application's
  none: "403", //                                  a rule closes the application to all
} as const;

/** The verdict for traefik about a PUT of `target`, in the form of `answerTo`. */
async function answerInCheck(target: string): Promise<string> {
  const { status, headers } = await bare.ask({
    method: "GET",
    target: "/outpost.goauthentik.io/auth/traefik",
    headers: [
      ["Host", "app.test"],
      ["X-Forwarded-Proto", "http"],
      ["X-Forwarded-Host", "app.test"],
      ["X-Forwarded-Method", "PUT"],
      ["X-Forwarded-Uri", target],
    ],
  });
  const allow = firstValue(headers, "allow");
  return allow === null ? String(status) : `${status} ${allow}`;
}

function expectedInCheck(target: string): string {
  if (target === "") return "500";
  if (target.length > 8192 || !/^\/[!"$-~\u0080-\u00ff]*$/.test(target)) return "400";
  return answersInCheck[endpointOf(judgeTarget(target))];
}

describe("the router agrees with endpointOf and dialectOf", () => {
  test("on a hostile corpus, for requests that come here themselves", async () => {
    const disagreements: string[] = [];
    for (const target of targets) {
      const [found, expected] = [await answerTo(target), expectedAnswer(target)];
      if (found !== expected) disagreements.push(`${target}: ${found}, not ${expected}`);
    }

    expect(targets.length).toBeGreaterThan(5000);
    expect(disagreements).toEqual([]);
  });

  test("on the same corpus in proxy mode, where a peer that is not trusted cannot check", async () => {
    const disagreements: string[] = [];
    for (const target of targets) {
      const [found, expected] = [await answerTo(target, "PUT", "proxied.test"), expectedInProxyMode(target)];
      if (found !== expected) disagreements.push(`${target}: ${found}, not ${expected}`);
    }

    expect(disagreements).toEqual([]);
  });

  test("the corpus reaches every route, and most of it none", () => {
    const counts = Map.groupBy(targets, expectedAnswer);

    expect([...counts.keys()].toSorted()).toEqual(
      ["400 refused", "414 refused", ...new Set(Object.values(answers))].toSorted(),
    );
    expect(counts.get(answers.none)?.length).toBeGreaterThan(targets.length / 2);
  });

  test("on the same corpus inside a check", async () => {
    const disagreements: string[] = [];
    for (const target of targets) {
      const [found, expected] = [await answerInCheck(target), expectedInCheck(target)];
      if (found !== expected) disagreements.push(`${target}: ${found}, not ${expected}`);
    }

    expect(disagreements).toEqual([]);
  });
});

test.each(["GET", "HEAD", "POST", "OPTIONS", "PROPFIND", "ALL", "WS", "get", "constructor", "__proto__", "$"])(
  "the method %s does not change the route",
  async (method) => {
    const found = await Promise.all(
      ["/ping", "/ping/", "/auth/nginx", "/auth/envoy/x"].map((path) =>
        answerTo(`/outpost.goauthentik.io${path}`, method),
      ),
    );

    expect(found).toEqual([answers.ping, answers.none, answers.check, answers.check]);
  },
);

test("an outcome that is at hand is not made to wait", () => {
  const outcome = outcomeOf(router, bare.deps, {
    method: "GET",
    target: "/page",
    headers: [["Host", "app.test"]],
    scheme: "http",
    peerAddress: "192.0.2.1",
    serverName: null,
    hasBody: false,
  });

  expect(outcome).not.toBeInstanceOf(Promise);
});
