import { expect, test } from "bun:test";
import { confirmSignOut, isToyLogin } from "../fakes/browser.ts";
import { ask, type Front, identityOf, loggedIn, theOneSeen } from "./front.ts";

/** A domain has one login for all of its hosts. */
export function domainTests(front: Front): void {
  const application = () => front.guard().application;

  test("one login is valid for every host of the domain", async () => {
    const page = await front.alice().get("http://b.corp.test/second-host?x=1&y=2");

    const seen = theOneSeen(application(), "/second-host");
    expect([page.status, page.text]).toEqual([200, "the application saw /second-host?x=1&y=2"]);
    expect(identityOf(seen)).toContain("x-authentik-username: alice");
    expect(seen.headers.find(([name]) => name.toLowerCase() === "host")?.[1]).toBe("b.corp.test");
  });

  test("a sign-out at one host is a sign-out at all of them", async () => {
    const bob = await loggedIn(front, "bob");

    const question = await bob.follow("http://b.corp.test/outpost.goauthentik.io/sign_out");
    await confirmSignOut(bob, question);
    const pages = [await bob.follow("http://a.corp.test/gone-here"), await bob.follow("http://b.corp.test/gone-there")];

    expect(pages.map(isToyLogin)).toEqual([true, true]);
    expect(application().seen("/gone-")).toEqual([]);
  });

  test("FWD-11: a host that only ends like the domain does not belong to it", async () => {
    const answer = await ask(front, "/foreign-host", { host: "evilcorp.test", as: front.alice() });

    expect(answer.body).not.toContain("the application saw"); // Caddy's own answer for a host it does not have is an empty 200
    expect(application().seen("/foreign-host")).toEqual([]);
  });
}
