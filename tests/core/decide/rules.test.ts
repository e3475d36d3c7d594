import { describe, expect, test } from "bun:test";
import { type Decision, decide, type Visitor } from "../../../src/core/decide/decide.ts";
import { rulesFor } from "../../../src/core/decide/rules.ts";
import { judgeTarget } from "../../../src/core/http/judged-target.ts";
import type { AccessRule, RuleAccess } from "../../../src/core/provider.ts";
import { compileGoRegExps } from "../../../src/goregexp/compile.ts";
import { alice, domainProvider } from "../../fakes/samples.ts";

const opened: RuleAccess = { kind: "public" };
const login: RuleAccess = { kind: "login" };
const deny: RuleAccess = { kind: "deny" };
const ops: RuleAccess = {
  kind: "allow",
  allow: { groups: ["ops"], users: [], emails: [], emailDomains: [], claims: {} },
};

function rule(access: RuleAccess, about: { hosts?: string[]; path?: string; methods?: string[] } = {}): AccessRule {
  const path = about.path === undefined ? null : compileGoRegExps([about.path]);
  return { hosts: about.hosts ?? [], methods: about.methods ?? [], path, access };
}

function numbersFor(rules: readonly AccessRule[], target: string, method = "GET", hostname = "app.corp.test") {
  const { rules: found, isFinal } = rulesFor(rules, { method, hostname, target: judgeTarget(target) });
  return { numbers: found.map(({ number }) => number), isFinal };
}

describe("which rule speaks of a request", () => {
  test("the first that matches, and none after it", () => {
    const rules = [rule(deny, { path: "^/a" }), rule(login, { path: "^/a/b" }), rule(opened)];

    expect(numbersFor(rules, "/a/b")).toEqual({ numbers: [1], isFinal: true });
    expect(numbersFor(rules, "/b")).toEqual({ numbers: [3], isFinal: true });
  });

  test("none, where every rule is about something else", () => {
    const rules = [
      rule(deny, { hosts: ["b.corp.test"] }),
      rule(deny, { methods: ["POST"] }),
      rule(deny, { path: "^/x" }),
    ];

    expect(numbersFor(rules, "/a")).toEqual({ numbers: [], isFinal: false });
  });

  test.each([
    ["*.corp.test", "app.corp.test", true],
    ["*.corp.test", "a.b.corp.test", true],
    ["*.corp.test", "corp.test", false],
    ["*.corp.test", "evilcorp.test", false],
    ["*.corp.test", "app.corp.test.evil.test", false],
    ["corp.test", "corp.test", true],
    ["corp.test", "app.corp.test", false],
  ])("the host %s and a request for %s: %p", (pattern, hostname, speaks) => {
    expect(numbersFor([rule(deny, { hosts: [pattern] })], "/", "GET", hostname).isFinal).toBe(speaks);
  });

  test.each([
    [["GET"], "GET", true],
    [["GET"], "HEAD", true],
    [["HEAD"], "HEAD", true],
    [["HEAD"], "GET", false],
    [["GET"], "POST", false],
    [["POST", "PURGE"], "PURGE", true],
    [["POST"], "HEAD", false],
    [[], "BREW", true],
  ])("the methods %j and %s: %p", (methods, method, speaks) => {
    expect(numbersFor([rule(deny, { methods })], "/", method).isFinal).toBe(speaks);
  });

  test("a rule about host, method and path needs all three", () => {
    const rules = [rule(deny, { hosts: ["app.corp.test"], methods: ["POST"], path: "^/a" })];

    expect(numbersFor(rules, "/a", "POST").isFinal).toBe(true);
    expect(numbersFor(rules, "/b", "POST").isFinal).toBe(false);
    expect(numbersFor(rules, "/a", "GET").isFinal).toBe(false);
    expect(numbersFor(rules, "/a", "POST", "b.corp.test").isFinal).toBe(false);
  });

  test("a path is matched decoded, and its query never", () => {
    const rules = [rule(deny, { path: "^/admin" })];

    expect(numbersFor(rules, "/%61dmin").isFinal).toBe(true);
    expect(numbersFor(rules, "/x?/admin").isFinal).toBe(false);
  });
});

const anonymous: Visitor = { kind: "anonymous" };
const staff: Visitor = { kind: "known", identity: alice({ groups: ["staff"] }), via: "session" };
const operator: Visitor = { kind: "known", identity: alice({ groups: ["ops"] }), via: "session" };

function decided(rules: readonly AccessRule[], target: string, visitor: Visitor, method = "GET"): Decision {
  const request = {
    method,
    scheme: "https",
    host: "app.corp.test",
    target: judgeTarget(target),
    isNavigation: method === "GET",
  } as const;
  return decide(request, domainProvider({ rules }), visitor);
}

describe("what a rule decides", () => {
  test.each<[string, RuleAccess, Visitor, Decision["kind"]]>([
    ["public, nobody", opened, anonymous, "allow_public"],
    ["public, a user", opened, staff, "allow"],
    ["login, nobody", login, anonymous, "login"],
    ["login, a user", login, staff, "allow"],
    ["deny, nobody", deny, anonymous, "denied"],
    ["deny, an operator", deny, operator, "denied"],
    ["allow ops, nobody", ops, anonymous, "login"],
    ["allow ops, another user", ops, staff, "denied"],
    ["allow ops, an operator", ops, operator, "allow"],
  ])("%s: %s", (_, access, visitor, kind) => {
    const decision = decided([rule(access, { path: "^/a" })], "/a", visitor);

    expect(decision.kind).toBe(kind);
    expect(decision.because).toEqual({ kind: "rule", number: 1 });
  });

  test("a rule about GET decides HEAD, too", () => {
    expect(decided([rule(ops, { methods: ["GET"] })], "/a", staff, "HEAD").kind).toBe("denied");
  });

  test("nobody who posts is answered 401, since no login can come back to a POST", () => {
    expect(decided([rule(login)], "/a", anonymous, "POST").kind).toBe("unauthorized");
  });
});

const closedAdmin = [rule(ops, { path: "^/admin" }), rule(opened, { path: "^/x" }), rule(login)];

describe("decision 12: a path that servers read differently meets every rule it may be meant by", () => {
  test.each([
    "//admin",
    "/x/%2e%2e/admin",
    "/x/../admin",
    "/x%2f..%2fadmin",
    "/x/..;/admin",
    "/x\\..\\admin",
    "/x/%252e%252e/admin",
    "/x/%00/admin",
    "/x/%zz",
  ])("%s is neither public nor let in past the rule about /admin", (target) => {
    expect(decided(closedAdmin, target, anonymous).kind).toBe("login");
    expect(decided(closedAdmin, target, staff).kind).toBe("denied");
    expect(decided(closedAdmin, target, operator).kind).toBe("allow");
  });

  test.each(["/x//../../admin", "/x;/admin", "/a//admin"])("%s does not open more than its plain reading", (target) => {
    expect(decided([rule(ops, { path: "/admin$" }), rule(login)], target, staff).kind).toBe("denied");
  });

  test("a plain path is a plain matter", () => {
    expect(decided(closedAdmin, "/x/a", anonymous).kind).toBe("allow_public");
    expect(decided(closedAdmin, "/b", staff).kind).toBe("allow");
    expect(decided(closedAdmin, "/admin/", staff).kind).toBe("denied");
  });

  test("a rule about a host closes whatever the path", () => {
    expect(decided([rule(deny, { hosts: ["app.corp.test"] }), rule(login)], "//x", operator).kind).toBe("denied");
  });
});
