import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { identityHeaderNames } from "../../src/core/identity/identity-fields.ts";
import { defaultToyUsers } from "../../src/demo/toy-issuer-users.ts";
import { header, headerValues, type RawAnswer } from "../fakes/raw-client.ts";
import { checkRequest, withInstead } from "./check-request.ts";
import { forwardAuthCorpus } from "./corpus.ts";
import { type ForwardStack, startForwardStack } from "./forward-stack.ts";

const app = "https://app.test/";
const corp = "https://auth.corp.test/";

let forward: ForwardStack;
const cookies = new Map([["anonymous", ""]]);
beforeAll(async () => {
  forward = await startForwardStack(["app.test", "auth.corp.test"], {
    providers: forwardAuthCorpus.config,
    users: {
      alice: { ...defaultToyUsers["alice"], entitlements: ["demo", "x"] },
      bob: { preferred_username: "bob", email: "bob@example.test", name: "Bob Example", groups: ["staff"] },
      carol: { preferred_username: "carol", groups: ["admins"] },
    },
  });
  for (const subject of ["alice", "bob"]) {
    cookies.set(subject, `${await forward.cookieOf(subject, app)}; ${await forward.cookieOf(subject, corp)}`);
  }
  cookies.set("stale", `${await forward.endedCookieOf("carol", app)}; ${await forward.endedCookieOf("carol", corp)}`);
  cookies.set("both", `${cookies.get("alice")}; ${cookies.get("bob")}`);
  cookies.set(
    "tampered",
    (cookies.get("alice") ?? "").replace(
      /(akproxy_\w+=.{20})(.)/g,
      (_all, head: string, character: string) => head + (character === "A" ? "B" : "A"),
    ),
  );
});
afterAll(() => forward.stop());

const people = {
  alice: ["alice", "admins|staff", "demo|x", "alice@example.test", "Alice Example", "alice"],
  bob: ["bob", "staff", "", "bob@example.test", "Bob Example", "bob"],
  nobody: ["", "", "", "", "", ""],
};
const userHeaders = ["username", "groups", "entitlements", "email", "name", "uid"];
const metaHeaders = ["meta-jwks", "meta-outpost", "meta-provider", "meta-app", "meta-version"];

/** Whose headers an answer carries: each identity header exactly once, or none of them; anything else is what it is. */
function identityIn(answer: RawAnswer): string {
  const names = answer.headers.map(([name]) => name.toLowerCase()).filter((name) => name.startsWith("x-authentik-"));
  if (names.length === 0) return "absent";
  const values = identityHeaderNames.map((name) => headerValues(answer, name.toLowerCase()));
  if (names.length !== identityHeaderNames.length || values.some((each) => each.length !== 1))
    return `incomplete: ${names.join(" ")}`;
  if (metaHeaders.some((name) => header(answer, `x-authentik-${name}`) === "")) return "a meta header is empty";
  const person = JSON.stringify(userHeaders.map((name) => header(answer, `x-authentik-${name}`)));
  const found = Object.entries(people).find(([, expected]) => JSON.stringify(expected) === person)?.[0] ?? person;
  const hasToken = header(answer, "x-authentik-jwt") !== "";
  return hasToken === (found !== "nobody") ? found : `${found}, and the token is ${hasToken ? "there" : "missing"}`;
}

function locationIn(answer: RawAnswer): string {
  const location = headerValues(answer, "location").join(" ");
  if (location === "") return "none";
  return location.startsWith(`${forward.stack.issuer.issuer}/auth?`) ? "issuer" : location;
}

function cookieIn(answer: RawAnswer): string {
  const set = headerValues(answer, "set-cookie");
  if (set.length === 0) return "none";
  if (set.length === 1 && /^__(Host|Secure)-akproxy_\w+_login_\w+_[\w-]+=[\w.-]+; /.test(set[0] ?? ""))
    return "attempt";
  return set.every((each) => /^__(Host|Secure)-akproxy_(app|corp)=; .*Max-Age=0/.test(each))
    ? "cleared"
    : set.join(" ");
}

for (const { title, rows } of forwardAuthCorpus.group) {
  describe(`FWD-16: ${title}`, () => {
    for (const [dialects, visitor, request, url, status, location, identity, cookie, ...instead] of rows) {
      test.each(dialects)(
        `%s: ${visitor}, ${request} ${url} ${instead.map((each) => JSON.stringify(each)).join("")}`,
        async (dialect) => {
          const asked = forwardAuthCorpus.requests[request];
          if (asked === undefined) throw new Error(`no request "${request}"`);
          const cookieLine = cookies.get(visitor) ?? "";
          const headers = [
            ...Object.entries(asked.headers),
            ...(cookieLine === "" ? [] : [["Cookie", cookieLine] as const]),
          ];
          const check = checkRequest(dialect, { method: asked.method, url, headers });

          const answer = await forward.ask({ ...check, headers: withInstead(check.headers, instead[0] ?? {}) });

          expect({
            status: answer.status,
            location: locationIn(answer),
            identity: identityIn(answer),
            cookie: cookieIn(answer),
            cacheControl: headerValues(answer, "cache-control"),
            eTag: headerValues(answer, "etag"),
          }).toEqual({ status, location, identity, cookie, cacheControl: ["no-store"], eTag: [] });
        },
      );
    }
  });
}

test("FWD-15: no row tells nginx anything but 200, 401, 403 and 500", () => {
  const told = forwardAuthCorpus.group.flatMap(({ rows }) => rows.filter(([dialects]) => dialects.includes("nginx")));

  expect([...new Set(told.map(([, , , , status]) => status))].sort()).toEqual([200, 401, 403, 500]);
});
