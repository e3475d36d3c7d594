import { describe, expect, test } from "bun:test";
import { type Decision, decide, type JudgedRequest, type Visitor } from "../../../src/core/decide/decide.ts";
import { judgeTarget } from "../../../src/core/http/judged-target.ts";
import type { AccessRule } from "../../../src/core/provider.ts";
import { compileGoRegExps } from "../../../src/goregexp/compile.ts";
import { alice, domainProvider, proxyProvider, withPaths } from "../../fakes/samples.ts";

const anonymous: Visitor = { kind: "anonymous" };
const refused: Visitor = { kind: "refused", scheme: "bearer" };
const known: Visitor = { kind: "known", identity: alice(), via: "session" };
const guarded = withPaths(proxyProvider(), ["^/public"], ["^/public/admin"]);
const strict = { ...guarded, allow: { groups: ["ops"], users: [], emails: [], emailDomains: [], claims: {} } };
const lax = { ...guarded, interceptHeaderAuth: false };

function asked(target: string, different: Partial<JudgedRequest> = {}): JudgedRequest {
  return {
    target: judgeTarget(target),
    method: "GET",
    scheme: "https",
    host: "app.test",
    isNavigation: true,
    ...different,
  };
}

describe("decide", () => {
  test.each<[string, Decision["kind"], JudgedRequest, typeof guarded, Visitor]>([
    ["alice anywhere", "allow", asked("/x"), guarded, known],
    ["alice on a public path, as herself", "allow", asked("/public"), guarded, known],
    ["nobody on a public path", "allow_public", asked("/public"), guarded, anonymous],
    [
      "nobody on a public path, not navigating",
      "allow_public",
      asked("/public", { isNavigation: false }),
      guarded,
      anonymous,
    ],
    ["a refused credential on a public path", "allow_public", asked("/public"), guarded, refused],
    ["nobody elsewhere", "login", asked("/x"), guarded, anonymous],
    ["nobody on a protected path below a public one", "login", asked("/public/admin"), guarded, anonymous],
    ["nobody on a suspicious spelling of a public path", "login", asked("/public/%2e%2e/x"), guarded, anonymous],
    ["nobody who does not navigate", "unauthorized", asked("/x", { isNavigation: false }), guarded, anonymous],
    ["M2M-05: a refused credential", "unauthorized", asked("/x"), guarded, refused],
    ["a refused credential where interception is off", "login", asked("/x"), lax, refused],
    ["alice whom allow does not name", "denied", asked("/x"), strict, known],
    ["alice whom allow does not name, on a public path", "allow_public", asked("/public"), strict, known],
  ])("%s: %s", (_who, kind, request, provider, visitor) => {
    expect(decide(request, provider, visitor).kind).toBe(kind);
  });

  test("a public answer names the rule that opened the door", () => {
    expect(decide(asked("/public"), guarded, anonymous)).toEqual({
      kind: "allow_public",
      because: { kind: "skip_path_regex", pattern: "^/public" },
    });
  });

  test("PATH-13: in domain level the origin counts", () => {
    const provider = withPaths(domainProvider(), ["^https://public\\.corp\\.test/"]);

    expect(decide(asked("/", { host: "public.corp.test" }), provider, anonymous).kind).toBe("allow_public");
    expect(decide(asked("/", { host: "a.corp.test" }), provider, anonymous).kind).toBe("login");
  });

  test.each([
    ["/api/admin", "denied"],
    ["/api//admin", "denied"],
    ["/api;x/admin", "denied"],
    ["/api/admin;x", "denied"],
    ["/api/%61dmin", "denied"],
    ["/api/x", "allow"],
    ["/api//x", "allow"],
  ])("PATH-06: a rule about a path holds for %j however the upstream reads it: %s", (target, kind) => {
    const path = compileGoRegExps(["^/api/admin"]);
    const rule: AccessRule = { hosts: [], path, methods: [], access: { kind: "deny" } };

    expect<string>(decide(asked(target), proxyProvider({ rules: [rule] }), known).kind).toBe(kind);
  });

  test("PATH-06: a public rule opens no path that is public by one reading alone", () => {
    const path = compileGoRegExps(["\\.css$"]);
    const rule: AccessRule = { hosts: [], path, methods: [], access: { kind: "public" } };
    const provider = proxyProvider({ rules: [rule] });

    expect(decide(asked("/a.css"), provider, anonymous).kind).toBe("allow_public");
    expect(decide(asked("/admin;a.css"), provider, anonymous).kind).toBe("login");
  });
});
