import { expect, test } from "bun:test";
import { ask, type Front, identityOf, loggedIn, theOneSeen } from "./front.ts";

/** The identity that the application receives. */
export function headerTests(front: Front): void {
  whoAsks(front);
  spoofing(front);
  nominating(front);
  fitting(front);
}

function whoAsks(front: Front): void {
  const { place } = front;
  const application = () => front.guard().application;

  test("HDR-05: the application receives the identity, each header once", async () => {
    await ask(front, "/who-asks", { as: front.alice() });

    const identity = identityOf(theOneSeen(application(), "/who-asks"));
    expect(identity.map((line) => line.replace(/eyJ.*/, "…"))).toEqual([
      "x-authentik-email: alice@example.test",
      "x-authentik-entitlements: demo",
      "x-authentik-groups: admins|staff",
      "x-authentik-jwt: …",
      `x-authentik-meta-app: ${place.slug}`,
      `x-authentik-meta-jwks: ${front.guard().issuer.issuer}/jwks`,
      "x-authentik-meta-outpost: akproxy",
      `x-authentik-meta-provider: ${place.slug}`,
      "x-authentik-meta-version: goauthentik.io/outpost/0.0.0-test",
      "x-authentik-name: Alice Example",
      "x-authentik-uid: alice",
      "x-authentik-username: alice",
    ]);
  });
}

function spoofing(front: Front): void {
  const application = () => front.guard().application;

  test("HDR-01, HDR-03, HDR-04: no spelling of an identity header that a client sends reaches the application", async () => {
    await ask(front, "/spoofed-inside", { as: front.alice(), headers: spoofed });

    const seen = theOneSeen(application(), "/spoofed-inside");
    expect(seen.headers.filter(([, value]) => value.includes("intruder"))).toEqual([]);
    expect(identityOf(seen).filter((line) => /username|groups/.test(line))).toEqual([
      "x-authentik-groups: admins|staff",
      "x-authentik-username: alice",
    ]);
  });

  test("HDR-02, HDR-14: nor on a public path, where the request is anonymous", async () => {
    const answer = await ask(front, "/public/spoofed", { headers: spoofed });

    const seen = theOneSeen(application(), "/public/spoofed");
    expect(answer.status).toBe(200);
    expect(seen.headers.filter(([, value]) => value.includes("intruder"))).toEqual([]);
    expect(identityOf(seen).filter((line) => !line.startsWith("x-authentik-meta-"))).toEqual([]);
  });
}

function nominating(front: Front): void {
  const application = () => front.guard().application;

  test.each([
    ["X-authentik-groups, X-authentik-username", "/nominated-mixed"],
    ["close, x-authentik-jwt, x-authentik-groups, x-authentik-username", "/nominated-lower"],
  ])("HDR-07: Connection: %s takes nothing away and lets nothing in", async (connection, target) => {
    const headers = [["Connection", connection] as const, ["X-authentik-groups", "intruder"] as const];
    await ask(front, target, { as: front.alice(), headers });

    const seen = theOneSeen(application(), target);
    expect(seen.headers.filter(([, value]) => value.includes("intruder"))).toEqual([]);
    expect(identityOf(seen).filter((line) => /username|groups/.test(line))).toEqual([
      "x-authentik-groups: admins|staff",
      "x-authentik-username: alice",
    ]);
  });
}

function fitting(front: Front): void {
  const application = () => front.guard().application;

  test("the identity of a user in forty groups fits", async () => {
    const carol = await loggedIn(front, "carol");

    const page = await carol.get(`${front.home}forty-groups`);

    const identity = identityOf(theOneSeen(application(), "/forty-groups"));
    const groups = identity.find((line) => line.startsWith("x-authentik-groups: ")) ?? "";
    expect(page.status).toBe(200);
    expect(groups.split("|").length).toBe(40);
    expect(groups.split("|")[39]).toBe("department-of-long-names-39");
    expect(identity.find((line) => line.startsWith("x-authentik-jwt: "))?.length).toBeGreaterThan(1500);
  });
}

const spoofed = [
  ["X-authentik-username", "intruder"],
  ["x-Authentik-Username", "intruder-one"],
  ["x-Authentik-Username", "intruder-two"],
  ["X_authentik_username", "intruder"],
  ["X-authentik_username", "intruder"],
  ["X.authentik.username", "intruder"],
  ["X-authentik.groups", "intruder"],
  ["X~authentik~groups", "intruder"],
  ["X-authentik-jwt", "intruder"],
  ["X-authentik-meta-app", "intruder"],
  ["X-authentik-groups", "intruder"],
  ["Connection", "X-authentik-groups"],
] as const;
