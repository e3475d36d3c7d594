import { describe, expect, test } from "bun:test";
import { noAkProxyTable } from "../../../src/core/identity/ak-proxy.ts";
import { identityFromClaims } from "../../../src/core/identity/claims.ts";
import { identityHeaderNames } from "../../../src/core/identity/identity-fields.ts";
import { anonymousHeaders, identityHeaders } from "../../../src/core/upstream/identity-headers.ts";
import { compileGoRegExps } from "../../../src/goregexp/compile.ts";
import { alice, alicesHeaders, aliceWith, outpost, proxyProvider } from "../../fakes/samples.ts";

test("the identity headers of alice: names, order and values", () => {
  expect(identityHeaders(alice(), proxyProvider(), outpost)).toEqual({
    lines: alicesHeaders,
    warnings: [],
  });
});

test("HDR-12: a missing claim is an empty header, never an absent one", () => {
  const bare = alice({ username: "", email: "", name: "", groups: [], entitlements: [], rawToken: "" });

  const { lines } = identityHeaders(bare, proxyProvider(), { ...outpost, jwksUri: "" });

  expect(lines).toHaveLength(identityHeaderNames.length);
  expect(lines.filter(([, value]) => value === "").map(([name]) => name)).toEqual([
    "X-authentik-username",
    "X-authentik-groups",
    "X-authentik-entitlements",
    "X-authentik-email",
    "X-authentik-name",
    "X-authentik-jwt",
    "X-authentik-meta-jwks",
  ]);
});

test("HDR-17: X-authentik-jwt is sent, and is empty with send_jwt = false", () => {
  const jwt = (sendJwt: boolean) =>
    identityHeaders(alice(), proxyProvider({ sendJwt }), outpost).lines.find(([name]) => name === "X-authentik-jwt");

  expect(jwt(true)).toEqual(["X-authentik-jwt", "header.payload.signature"]);
  expect(jwt(false)).toEqual(["X-authentik-jwt", ""]);
});

describe("HDR-09: a name that is no ASCII", () => {
  test.each([
    ["utf8", "\u00e5\u00b1\u00b1\u00e7\u0094\u00b0"],
    ["percent", "%E5%B1%B1%E7%94%B0"],
    ["rfc2047", "=?UTF-8?B?5bGx55Sw?="],
  ] as const)("is sent as %s", (headerEncoding, value) => {
    const { lines } = identityHeaders(alice({ name: "\u5c71\u7530" }), proxyProvider({ headerEncoding }), outpost);

    expect(lines).toContainEqual(["X-authentik-name", value]);
  });
});

test("HDR-10: a control character that came this far empties its header instead of splitting the message", () => {
  const { lines } = identityHeaders(alice({ email: "a\r\nX-Admin: 1" }), proxyProvider(), outpost);

  expect(lines).toContainEqual(["X-authentik-email", ""]);
});

test("HDR-11: a group with the separator never becomes another group", () => {
  const outcome = identityFromClaims(
    { sub: "s", groups: ["x|admins", "staff", "a\r\nX-Admin: 1"], entitlements: "a|b" },
    proxyProvider().claims,
    "https://idp.test/",
    "token",
  );

  const identity = outcome.kind === "identity" ? outcome.identity : alice();
  const { lines } = identityHeaders(identity, proxyProvider(), outpost);

  expect(lines).toContainEqual(["X-authentik-groups", "staff"]);
  expect(lines).toContainEqual(["X-authentik-entitlements", ""]);
  expect(lines).toContainEqual(["X-authentik-uid", "s"]);
});

test("decision 15: additional headers come last and may replace a user header, whatever its spelling", () => {
  const identity = aliceWith({
    additionalHeaders: { "X-test-header": "test-value", x_authentik_username: "svc", "X-authentik-meta-app": "other" },
  });

  const { lines, warnings } = identityHeaders(identity, proxyProvider(), outpost);

  expect(lines[0]).toEqual(["x_authentik_username", "svc"]);
  expect(lines.at(-1)).toEqual(["X-test-header", "test-value"]);
  expect(lines).toContainEqual(["X-authentik-meta-app", "app"]);
  expect(lines).toHaveLength(identityHeaderNames.length + 1);
  expect(warnings).toEqual(['additionalHeaders: "X-authentik-meta-app" may be set by akproxy only: not sent']);
});

test("an Authorization among the additional headers wins over the injected one, and there is one", () => {
  const provider = proxyProvider({ basicAuth: { userAttribute: "", passwordAttribute: "pw" } });
  const identity = aliceWith({ pw: "x", additionalHeaders: { authorization: "Token t" } });

  const { lines } = identityHeaders(identity, provider, outpost);

  expect(lines.filter(([name]) => name.toLowerCase() === "authorization")).toEqual([["authorization", "Token t"]]);
});

test("groups_filter narrows X-authentik-groups and nothing else", () => {
  const provider = proxyProvider({ groupsFilter: compileGoRegExps(["^app-", "^staff$"]) });
  const identity = alice({ groups: ["app-admins", "vpn", "staff", "staff-x", "my-app-x"], entitlements: ["vpn"] });

  const { lines } = identityHeaders(identity, provider, outpost);

  expect(lines[1]).toEqual(["X-authentik-groups", "app-admins|staff"]);
  expect(lines[2]).toEqual(["X-authentik-entitlements", "vpn"]);
});

test("identity headers over 8 KiB are warned of with the biggest one and what makes it smaller, without a value", () => {
  const many = Array.from({ length: 700 }, (_, index) => `group-${String(index).padStart(5, "0")}`);

  const byGroups = identityHeaders(alice({ groups: many }), proxyProvider(), outpost);
  const byToken = identityHeaders(alice({ rawToken: "t".repeat(9000) }), proxyProvider(), outpost);
  const byOther = identityHeaders(alice({ name: "n".repeat(9000) }), proxyProvider(), outpost);
  const within = identityHeaders(alice({ rawToken: "t".repeat(7000) }), proxyProvider(), outpost);

  expect(byGroups.warnings).toEqual([
    "8828 bytes of identity headers, 8421 of them X-authentik-groups: many servers refuse more than 8 KiB; narrow it with groups_filter",
  ]);
  expect(byToken.warnings).toEqual([
    "9417 bytes of identity headers, 9019 of them X-authentik-jwt: many servers refuse more than 8 KiB; leave it out with send_jwt = false",
  ]);
  expect(byOther.warnings[0]).toEndWith("of them X-authentik-name: many servers refuse more than 8 KiB");
  expect(within.warnings).toEqual([]);
});

test("HDR-06, HDR-14: a verdict for nobody empties the config's additionalHeaders, too; the identity headers stay as they are", () => {
  const text = { kind: "text", template: { source: "", parts: [] } } as const;
  const headers = { kind: "table", entries: { "X-App-User": text } } as const;
  const akProxy = { ...noAkProxyTable, userAttributes: { additionalHeaders: headers } };

  const plain = anonymousHeaders(proxyProvider(), outpost);
  const withTable = anonymousHeaders(proxyProvider({ akProxy }), outpost);

  expect(plain).toHaveLength(identityHeaderNames.length);
  expect(withTable).toEqual([...plain, ["X-App-User", ""]]);
});

describe("headers are made once for an identity, and never given to whom they were not made for", () => {
  const identity = alice({ groups: ["wiki-editors", "ops"] });
  const first = proxyProvider();
  const second = proxyProvider({ slug: "wiki", groupsFilter: compileGoRegExps(["^wiki-"]), sendJwt: false });

  test("the same identity at the same provider: the same lines", () => {
    expect(identityHeaders(identity, first, outpost)).toBe(identityHeaders(identity, first, { ...outpost }));
  });

  test("at a second provider: that one's own groups, token and name, and the first's again afterwards", () => {
    const before = identityHeaders(identity, first, outpost).lines;

    const { lines } = identityHeaders(identity, second, outpost);

    expect(lines).toContainEqual(["X-authentik-groups", "wiki-editors"]);
    expect(lines).toContainEqual(["X-authentik-jwt", ""]);
    expect(lines).toContainEqual(["X-authentik-meta-app", "wiki"]);
    expect(identityHeaders(identity, first, outpost).lines).toEqual(before);
  });

  test.each([{ jwksUri: "https://idp.test/new" }, { outpostName: "other" }, { version: "9.9.9" }])(
    "with other facts of the outpost: new lines, for a person and for nobody: %j",
    (different) => {
      const later = { ...outpost, ...different };
      const before = [identityHeaders(identity, first, outpost).lines, anonymousHeaders(first, outpost)];

      const after = [identityHeaders(identity, first, later).lines, anonymousHeaders(first, later)];

      for (const [index, lines] of after.entries()) {
        expect(lines).not.toEqual(before[index] ?? []);
        expect(lines).toHaveLength(identityHeaderNames.length);
      }
    },
  );
});
