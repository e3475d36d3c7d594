import { expect, test } from "bun:test";
import { confirmSignOut, continueAs, isToyLogin } from "../fakes/browser.ts";
import { header } from "../fakes/raw-client.ts";
import { ask, type Front, loggedIn, theOneSeen } from "./front.ts";

/** Login, refusal and sign-out. */
export function loginTests(front: Front): void {
  comingIn(front);
  scripts(front);
  rules(front);
  leaving(front);
}

function comingIn(front: Front): void {
  const { home } = front;
  const application = () => front.guard().application;

  test("an anonymous browser comes to the login page, and back to its deep link with all three parameters", async () => {
    const browser = front.real().browser();
    const target = "/reports/2026?year=2026&name=a%2Fb&note=caf%C3%A9%20%26%20more";

    const login = await browser.follow(`${home}${target.slice(1)}`);
    const unasked = application().seen("/reports/2026").length;
    const page = await continueAs(browser, login, "alice");

    expect(isToyLogin(login)).toBe(true);
    expect(unasked).toBe(0);
    expect([page.status, page.url]).toEqual([200, `${home}${target.slice(1)}`]);
    expect(page.text).toBe(`the application saw ${target}`);
    expect(theOneSeen(application(), "/reports/2026").method).toBe("GET");
  });
}

function scripts(front: Front): void {
  const { place } = front;
  const { home } = front;
  const application = () => front.guard().application;

  test.each([
    ["a script that names itself", [["X-Requested-With", "XMLHttpRequest"]]],
    [
      "fetch",
      [
        ["Sec-Fetch-Mode", "cors"],
        ["Accept", "*/*"],
      ],
    ],
    ["a program that wants JSON", [["Accept", "application/json"]]],
  ] as const)("%s gets 401 in JSON with the login's URL in it, and no cookie", async (_who, headers) => {
    const answer = await ask(front, "/api/things?a=1&b=2", { headers });

    const told: { readonly login_url?: string } = JSON.parse(answer.body);
    expect(answer.status).toBe(401);
    expect(header(answer, "content-type")).toBe("application/json");
    expect(header(answer, "www-authenticate")).toBe(`Bearer realm="${place.slug}"`);
    expect(header(answer, "set-cookie")).toBe("");
    expect(told.login_url).toBe(
      `http://${place.outpostHost}/outpost.goauthentik.io/start?rd=${encodeURIComponent(`${home}api/things?a=1&b=2`)}`,
    );
    expect(application().seen("/api/things")).toEqual([]);
  });

  test("no cache keeps an answer of akproxy", async () => {
    const [redirect, refusal] = [
      await ask(front, "/page", { headers: [["Accept", "text/html"]] }),
      await ask(front, "/page", { headers: [["Accept", "application/json"]] }),
    ];

    expect([redirect.status, refusal.status]).toEqual([302, 401]);
    expect(header(redirect, "cache-control")).toBe("no-store");
    expect(header(refusal, "cache-control")).toBe("no-store");
  });
}

function rules(front: Front): void {
  const { home } = front;
  const application = () => front.guard().application;

  test("a user who may not enter gets our 403 page, with a link to use another account", async () => {
    const bob = await loggedIn(front, "bob");

    const page = await bob.get(`${home}admins-only/list`);

    expect(page.status).toBe(403);
    expect(page.text).toContain("bob");
    expect(page.text).toContain("switch_account=true");
    expect(application().seen("/admins-only")).toEqual([]);
  });

  test("a rule for methods sees the method that the client used", async () => {
    const bob = await loggedIn(front, "bob");
    const statuses: number[] = [];
    for (const method of ["GET", "POST", "DELETE"]) {
      statuses.push((await ask(front, "/admins-change", { method, as: bob })).status);
    }

    expect(statuses).toEqual([200, 403, 403]);
    expect(
      application()
        .seen("/admins-change")
        .map((request) => request.method),
    ).toEqual(["GET"]);
  });
}

function leaving(front: Front): void {
  const { place } = front;
  const { home } = front;
  const application = () => front.guard().application;

  test("the application's own 401 reaches the browser as it is", async () => {
    const answer = await ask(front, "/own-refusal", { as: front.alice() });

    expect(answer.status).toBe(401);
    expect(answer.body).toBe("the application's own 401");
  });

  test("sign-out ends the session here and at the issuer", async () => {
    const bob = await loggedIn(front, "bob");

    const question = await bob.follow(`http://${place.outpostHost}/outpost.goauthentik.io/sign_out`);
    await confirmSignOut(bob, question);
    const after = await bob.follow(`${home}after-sign-out`);

    expect(isToyLogin(after)).toBe(true);
    expect(application().seen("/after-sign-out")).toEqual([]);
  });
}
