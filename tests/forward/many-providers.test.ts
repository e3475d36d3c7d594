import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { corpDomain, labDomain } from "../fakes/sample-config.ts";
import { checkRequest } from "./check-request.ts";
import { type BareOutpost, startBareOutpost } from "./outpost.ts";

const outposts: BareOutpost[] = [];
const started = async (providers: string) => {
  const outpost = await startBareOutpost({ providers });
  outposts.push(outpost);
  return outpost;
};
afterAll(async () => {
  for (const outpost of outposts) await outpost.close();
});

/** Which provider answers for a host: the realm of its challenge; null when none does. */
async function providerOf(outpost: BareOutpost, host: string): Promise<string | null> {
  const check = checkRequest("nginx", { method: "GET", url: `https://${host}/`, headers: [] });
  const { status, challenge } = await outpost.ask(check);
  expect(status).toBe(401);
  return challenge;
}

describe("several providers: an exact external host wins, then the longest cookie domain", () => {
  let outpost: BareOutpost;
  beforeAll(async () => {
    outpost = await started(`
${corpDomain}${labDomain}[providers.special]
mode = "forward_single"
external_host = "https://special.lab.corp.test"
[providers.ported]
mode = "forward_single"
external_host = "https://special.lab.corp.test:8443"
`);
  });

  test.each([
    ["a.corp.test", "corp"],
    ["corp.test", "corp"],
    ["auth.corp.test", "corp"],
    ["xlab.corp.test", "corp"],
    ["lab.corp.test", "lab"],
    ["x.lab.corp.test", "lab"],
    ["auth.lab.corp.test", "lab"],
    ["x.special.lab.corp.test", "lab"],
    ["special.lab.corp.test:9443", "lab"],
    ["special.lab.corp.test", "special"],
    ["SPECIAL.Lab.corp.test.:443", "special"],
    ["special.lab.corp.test:8443", "ported"],
  ])("%s is %s's", async (host, slug) => {
    expect(await providerOf(outpost, host)).toBe(`Bearer realm="${slug}"`);
  });

  test.each([["evilcorp.test"], ["corp.test.evil.test"], ["orp.test"], ["test"], ["[::1]"], ["127.0.0.1"]])(
    "FWD-11: %s belongs to no provider",
    async (host) => {
      expect(await providerOf(outpost, host)).toBeNull();
    },
  );
});

test("FWD-12: of 500 providers each is found, whatever the case of its host", async () => {
  const outpost = await started(
    Array.from({ length: 500 }, (_, index) => {
      return `[providers.app-${index}]\nmode = "forward_single"\nexternal_host = "https://app${index}.test"\n`;
    }).join(""),
  );

  const found = await Promise.all(
    Array.from({ length: 500 }, (_, index) =>
      providerOf(outpost, index % 2 === 0 ? `app${index}.test` : `APP${index}.TEST`),
    ),
  );

  expect(found).toEqual(Array.from({ length: 500 }, (_, index) => `Bearer realm="app-${index}"`));
  expect(await providerOf(outpost, "app500.test")).toBeNull();
});

test("FWD-13: the only provider does not answer for a host that is not its own", async () => {
  const outpost = await started('[providers.app]\nmode = "forward_single"\nexternal_host = "https://app.test"\n');

  expect(await providerOf(outpost, "other.test")).toBeNull();
  expect(await providerOf(outpost, "app.test")).toBe('Bearer realm="app"');
});
