import { afterAll, expect, test } from "bun:test";
import type { Deps } from "../../src/http/deps.ts";
import { startForwardStack } from "./forward-stack.ts";
import { startBareOutpost } from "./outpost.ts";
import { type RandomCheck, randomChecks, readingsOf } from "./random-checks.ts";

const providers = `
[providers.app]
mode = "forward_single"
external_host = "https://app.test"
skip_path_regex = "^/public/"
`;

const outpost = await startBareOutpost({ providers });
const forward = await startForwardStack(["app.test"], { providers });
afterAll(async () => {
  await outpost.close();
  await forward.stop();
});

const ownPaths = ["start", "callback", "sign_out", "ping"].map((name) => `/outpost.goauthentik.io/${name}`);

/** May this be let in without a session? Only what every server would read as public, on the right host, or an endpoint of ours. */
function mayBeLetIn({ dialect, toldPaths, toldHosts }: RandomCheck): boolean {
  const isOurs = (path: string) =>
    ownPaths.includes(path) && (dialect === "nginx" || path === "/outpost.goauthentik.io/ping");
  const isPublic = (path: string) => readingsOf(path).every((reading) => reading.startsWith("/public/"));
  const isAppHost = (host: string) => /^app\.test\.?(:443|:80)?$/i.test(host);
  return (
    toldPaths.every((path) => isOurs(path) || isPublic(path)) && toldHosts.every(isAppHost) && toldPaths.length > 0
  );
}

test("5,000 random questions: 2xx only for what is public however it is read, 5xx only where the URL is missing", async () => {
  const idp = { ...outpost.deps.idpOf, authorizationUrl: async () => "https://idp.test/auth", jwksUri: () => "" };
  // as: no other method of an identity provider is reached without a callback
  const idpOf = (() => idp) as unknown as Deps["idpOf"];
  const wrong: unknown[] = [];
  const seen = new Map<number, number>();

  for (const random of randomChecks(20_260_420, 5000)) {
    const { status } = await outpost.ask(random.check, "127.0.0.1", { idpOf });
    seen.set(status, (seen.get(status) ?? 0) + 1);
    const isIn = status >= 200 && status < 300;
    const lacksUrl = random.dialect !== "envoy" && status === 500;
    if ((isIn && !mayBeLetIn(random)) || (status >= 500 && !lacksUrl)) wrong.push({ status, ...random });
  }

  expect(wrong).toEqual([]);
  expect([...seen.keys()].filter((status) => ![200, 302, 400, 401, 403, 404, 405, 500].includes(status))).toEqual([]);
  expect(seen.get(200)).toBeGreaterThan(200);
  expect(seen.get(302)).toBeGreaterThan(200);
});

test("1,000 of them over real connections: the same holds, and akproxy still answers", async () => {
  const wrong: unknown[] = [];
  const writable = randomChecks(7, 1000).filter(({ check }) => !/[\s#]/.test(check.target));

  for (const random of writable) {
    if (random.dialect === "envoy") continue; // its target is the request line itself: tests/security has those
    const { status } = await forward.ask(random.check);
    const isIn = status >= 200 && status < 300;
    if ((isIn && !mayBeLetIn(random)) || status > 500 || status === 0) wrong.push({ status, ...random });
  }

  expect(wrong).toEqual([]);
});
