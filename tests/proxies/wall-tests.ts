import { expect, test } from "bun:test";
import { continueAs } from "../fakes/browser.ts";
import { converse, requestText, sendRaw } from "../fakes/raw-client.ts";
import { ask, type Front } from "./front.ts";

/** Requests that must not pass. */
export function wallTests(front: Front): void {
  paths(front);
  tellings(front);
  verdicts(front);
  starts(front);
  connections(front);
  hosts(front);
  addresses(front);
}

function paths(front: Front): void {
  const application = () => front.guard().application;

  test.each([
    "/public/../back-door",
    "/public/%2e%2e/back-door",
    "/public/.%2E/back-door",
    "/public/..%2fback-door",
    "/public/%2e%2e%2fback-door",
    "/public/..%5cback-door",
    "/public/%252e%252e/back-door",
    "/public/..;/back-door",
    "//public/../back-door",
    "/public/x/../../back-door",
    "/back-door?/public/",
    "/back-door#/public/",
    "/back-door%3f/public/",
  ])("PATH-02, PATH-03: %s is not public", async (target) => {
    const answer = await ask(front, target, { headers: [["Accept", "application/json"]] });

    expect(answer.status).toBeGreaterThanOrEqual(300);
    expect(application().seen("back-door")).toEqual([]);
  });
}

function tellings(front: Front): void {
  const { place } = front;
  const application = () => front.guard().application;

  test.each([
    [["X-Original-URL", `http://${place.host}/public/x`]],
    [["X-Original-URI", "/public/x"]],
    [["X-Forwarded-Uri", "/public/x"]],
    [["X-Rewrite-URL", "/public/x"]],
    [["X-Forwarded-Host", "evil.test"]],
    [["X-Forwarded-Host", "public.corp.test"]],
    [["X-Forwarded-Prefix", "/public"]],
    [["X-Envoy-Original-Path", "/public/x"]],
    [["X-Forwarded-Method", "OPTIONS"]],
    [["X-HTTP-Method-Override", "GET"]],
    [["Forwarded", `for=127.0.0.1;host=${place.host};proto=https`]],
  ] as const)("FWD-01: a client's own %j changes no verdict", async (line) => {
    const answer = await ask(front, "/told-otherwise", { headers: [line, ["Accept", "application/json"]] });

    const told: { readonly login_url?: string } = JSON.parse(answer.body);
    expect(answer.status).toBe(401);
    expect(told.login_url).toEndWith(`start?rd=${encodeURIComponent(`${front.home}told-otherwise`)}`);
    expect(application().seen("/told-otherwise")).toEqual([]);
  });
}

function verdicts(front: Front): void {
  const { place } = front;
  const application = () => front.guard().application;

  test.each(["nginx", "traefik", "caddy", "envoy", "forward"])(
    "FWD-02: a client cannot request a verdict of /auth/%s itself",
    async (dialect) => {
      const url = `http://${place.host}/public/x`;
      const answer = await ask(front, `/outpost.goauthentik.io/auth/${dialect}`, {
        headers: [
          ["X-Original-URL", url],
          ["X-Forwarded-Proto", "http"],
          ["X-Forwarded-Host", place.host],
          ["X-Forwarded-Uri", "/public/x"],
        ],
      });

      expect(answer.status).toBeGreaterThanOrEqual(300);
      expect(application().seen(`/auth/${dialect}`)).toEqual([]);
    },
  );
}

function starts(front: Front): void {
  const { place } = front;
  const application = () => front.guard().application;

  test("RED-09: a client's own X-Original-URL does not choose where a login ends", async () => {
    const browser = front.real().browser();
    const start = `http://${place.outpostHost}/outpost.goauthentik.io/start`;

    const login = await browser.follow(start, { headers: { "x-original-url": `${front.home}chosen-by-client` } });
    const page = await continueAs(browser, login, "alice");

    expect(page.hops.filter((url) => url.includes("chosen-by-client"))).toEqual([]);
    expect(application().seen("/chosen-by-client")).toEqual([]);
  });
}

function connections(front: Front): void {
  const { place } = front;
  const application = () => front.guard().application;

  test("on one connection, the session of a request does not apply to the next request", async () => {
    const cookie = front.alice().cookies.headerFor(new URL(front.home));
    const lines = [["Host", place.host] as const, ["Accept", "application/json"] as const];
    const withCookie = [...lines, ["Cookie", cookie] as const];

    const answers = await converse(front.real().port, [
      requestText("GET /mine-first HTTP/1.1", withCookie),
      requestText("GET /mine-no-more HTTP/1.1", lines),
    ]);

    expect(answers.map(({ status }) => status)).toEqual([200, 401]);
    expect(application().seen("/mine-no-more")).toEqual([]);
  });
}

function hosts(front: Front): void {
  const { place } = front;
  const application = () => front.guard().application;

  test.each([
    ["GET http://evil.test/two-hosts HTTP/1.1", []],
    [`GET http://${place.host}/two-hosts HTTP/1.1`, [["Host", "evil.test"]]],
    ["GET /two-hosts HTTP/1.1", [["Host", "evil.test"]]],
    ["GET /two-hosts HTTP/1.1", [["X-Forwarded-Host", "evil.test"]]],
    ["GET /two-hosts HTTP/1.0", []],
  ] as const)("FWD-05: %s with %j more does not get around the login", async (line, more) => {
    const { answers } = await sendRaw(
      front.real().port,
      requestText(line, [["Host", place.host], ...more, ["Accept", "application/json"]]),
    );

    expect(answers[0]?.body ?? "").not.toContain("the application saw");
    expect(application().seen("/two-hosts")).toEqual([]);
  });
}

function addresses(front: Front): void {
  test("FWD-03: the address of the client is that of its connection, not one that it sends", async () => {
    const from = front.guard().logLines.length;

    await ask(front, "/whose-address", {
      headers: [
        ["X-Forwarded-For", "198.51.100.7"],
        ["X-Real-IP", "198.51.100.7"],
      ],
    });

    const lines = front.guard().logLines.slice(from);
    const line = lines.find((text) => text.includes("/whose-address")) ?? "{}";
    const told: { readonly client?: string } = JSON.parse(line);
    expect(told.client).toMatch(/^\d/); // Envoy sends its machine's own address if the client is on loopback
    expect(line).not.toContain("198.51.100.7");
  });
}
