import { describe, expect, test } from "bun:test";
import {
  type AkProxyTable,
  type AttributeTemplate,
  additionalNames,
  claimsOfTable,
  noAkProxyTable,
  withAkProxyTable,
} from "../../../src/core/identity/ak-proxy.ts";
import { parseTemplate, type Template } from "../../../src/core/identity/template.ts";
import type { ProxyAttributes } from "../../../src/core/identity.ts";

function template(source: string): Template {
  const read = parseTemplate(source);
  if (read.kind === "problem") throw new Error(read.message);
  return read.template;
}
const text = (source: string): AttributeTemplate => ({ kind: "text", template: template(source) });
const table = (entries: Readonly<Record<string, AttributeTemplate>>): AttributeTemplate => ({ kind: "table", entries });
const withAttributes = (userAttributes: AkProxyTable["userAttributes"]): AkProxyTable => ({
  ...noAkProxyTable,
  userAttributes,
});
const nothing: ProxyAttributes = { backendOverride: null, hostHeader: null, userAttributes: {} };
const claims = { preferred_username: "alice", groups: ["a", "b"], address: { country: "AT" }, level: 3 };

/** The proxy attributes as JSON shows them, or the reason. */
function outcome(akProxy: AkProxyTable, claimed: Partial<ProxyAttributes> = {}, from: object = claims): unknown {
  const filled = withAkProxyTable({ ...nothing, ...claimed }, akProxy, { ...from });
  return filled.kind === "filled" ? JSON.parse(JSON.stringify(filled.proxy)) : filled.reason;
}

test("any JSON is filled in, its texts from the claims, at every depth", () => {
  const akProxy = withAttributes({
    app_username: text("svc-{preferred_username}"),
    country: text("{address.country}"),
    teams: text("{groups}"),
    color: text("{color|blue}"),
    level: { kind: "value", value: 7 },
    is_staff: { kind: "value", value: true },
    deep: table({ list: { kind: "list", items: [text("{level}"), { kind: "value", value: 1 }] } }),
  });

  expect(outcome(akProxy)).toEqual({
    backendOverride: null,
    hostHeader: null,
    userAttributes: {
      app_username: "svc-alice",
      country: "AT",
      teams: "a|b",
      color: "blue",
      level: 7,
      is_staff: true,
      deep: { list: ["3", 1] },
    },
  });
});

test("backend_override and host_header are filled in", () => {
  const akProxy: AkProxyTable = {
    backendOverride: template("http://foo.bar.baz/{preferred_username}"),
    hostHeader: template("{preferred_username}.internal"),
    userAttributes: {},
  };

  expect(outcome(akProxy)).toEqual({
    backendOverride: "http://foo.bar.baz/alice",
    hostHeader: "alice.internal",
    userAttributes: {},
  });
});

describe("decision 31: the issuer's claim and the table merge key by key, and the claim wins", () => {
  const akProxy: AkProxyTable = {
    backendOverride: template("http://table.test/{nowhere}"),
    hostHeader: template("{nowhere}"),
    userAttributes: {
      a: text("{nowhere}"),
      b: text("table"),
      additionalHeaders: table({ "X-One": text("{nowhere}"), "X-Two": text("table") }),
    },
  };

  test("what the claim says needs nothing of the table, not even its claims", () => {
    const claimed = {
      backendOverride: "http://claim.test",
      hostHeader: "claim.test",
      userAttributes: { a: "claim", c: 1, additionalHeaders: { "x-one": "claim", "X-Three": 3 } },
    };

    expect(outcome(akProxy, claimed)).toEqual({
      backendOverride: "http://claim.test",
      hostHeader: "claim.test",
      userAttributes: {
        a: "claim",
        b: "table",
        c: 1,
        additionalHeaders: { "X-Two": "table", "x-one": "claim", "X-Three": 3 },
      },
    });
  });

  test("null in the claim is nothing said", () => {
    const akProxyB = withAttributes({ b: text("table"), additionalHeaders: table({ "X-Two": text("table") }) });

    expect(outcome(akProxyB, { userAttributes: { b: null, additionalHeaders: null } })).toMatchObject({
      userAttributes: { b: "table", additionalHeaders: { "X-Two": "table" } },
    });
  });

  test("additionalHeaders that are no object are the claim's own, to be warned of when they are used", () => {
    const akProxyB = withAttributes({ additionalHeaders: table({ "X-Two": text("table") }) });

    expect(outcome(akProxyB, { userAttributes: { additionalHeaders: "x" } })).toMatchObject({
      userAttributes: { additionalHeaders: "x" },
    });
  });

  test("a brace in the issuer's claim is a brace: only the config's texts are templates", () => {
    expect(outcome(noAkProxyTable, { userAttributes: { a: "{preferred_username}" } })).toMatchObject({
      userAttributes: { a: "{preferred_username}" },
    });
  });
});

test("a missing claim without a default is a refusal that names every key and claim, and no value", () => {
  const akProxy: AkProxyTable = {
    backendOverride: template("http://foo.test/{uid}"),
    hostHeader: null,
    userAttributes: { additionalHeaders: table({ "X-Dept": text("{preferred_username}{department}") }) },
  };

  expect(outcome(akProxy)).toBe(
    'ak_proxy.backend_override: claim "uid" is missing or empty; let the issuer send it, or give a default: {uid|…}; ' +
      'ak_proxy.user_attributes.additionalHeaders.X-Dept: claim "department" is missing or empty; let the issuer send it, or give a default: {department|…}',
  );
});

test.each([[""], [null], [[]], [{}], [[{}]]])("a claim that is %j is missing", (value) => {
  expect(outcome(withAttributes({ a: text("{c}") }), {}, { c: value })).toContain('claim "c" is missing');
  expect(outcome(withAttributes({ a: text("{c|d}") }), {}, { c: value })).toMatchObject({ userAttributes: { a: "d" } });
});

test("HDR-10: control characters of a claim never pass", () => {
  const akProxy = withAttributes({ a: text("<{c}>") });

  expect(outcome(akProxy, {}, { c: "x\r\nX-Admin: 1\u0000\u0085y" })).toMatchObject({
    userAttributes: { a: "<xX-Admin: 1y>" },
  });
});

test("a value with braces is not filled in again", () => {
  expect(outcome(withAttributes({ a: text("{c}") }), {}, { c: "{sub}", sub: "secret" })).toMatchObject({
    userAttributes: { a: "{sub}" },
  });
});

test("UPS-04: a value that may not stand in the override is warned of by name, and leaves what no request can follow", () => {
  const akProxy = { ...noAkProxyTable, backendOverride: template("http://foo.test/{c}") };

  const filled = withAkProxyTable(nothing, akProxy, { c: "../bob" });

  expect(filled).toMatchObject({
    kind: "filled",
    proxy: { backendOverride: "http://foo.test/{c}" },
    warnings: ['ak_proxy.backend_override: claim "c" holds one of / \\ ? # @ % ;: requests are refused'],
  });
});

test("the claims of a table and the names of its headers are known without a login", () => {
  const akProxy: AkProxyTable = {
    backendOverride: template("http://{a}.test/{b}"),
    hostHeader: template("{c}"),
    userAttributes: { x: { kind: "list", items: [text("{d}")] }, additionalHeaders: table({ "X-One": text("{e}") }) },
  };

  expect(claimsOfTable(akProxy)).toEqual(["a", "b", "c", "d", "e"]);
  expect(additionalNames(akProxy)).toEqual(["X-One"]);
  expect(additionalNames(noAkProxyTable)).toEqual([]);
});
