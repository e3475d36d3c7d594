import { describe, expect, test } from "bun:test";
import { externalHostKey, providerDirectory, schemeOf } from "../../../src/core/decide/choose-provider.ts";
import { domainProvider, proxyProvider } from "../../fakes/samples.ts";

const app = proxyProvider();
const plain = proxyProvider({ slug: "plain", externalHost: new URL("http://plain.test") });
const ported = proxyProvider({ slug: "ported", externalHost: new URL("https://ported.test:8443") });
const corp = domainProvider();
const deep = domainProvider({
  slug: "deep",
  externalHost: new URL("https://auth.deep.corp.test"),
  cookieDomain: "deep.corp.test",
});
const exact = proxyProvider({ slug: "exact", externalHost: new URL("https://exact.corp.test") });
const directory = providerDirectory([corp, app, deep, plain, exact, ported]);

describe("choose", () => {
  test.each([
    ["app.test", "app"],
    ["app.test:443", "app"],
    ["plain.test", "plain"],
    ["plain.test:80", "plain"],
    ["ported.test:8443", "ported"],
    ["auth.corp.test", "corp"],
    ["corp.test", "corp"],
    ["a.corp.test", "corp"],
    ["a.corp.test:8443", "corp"],
    ["deep.corp.test", "deep"],
    ["a.deep.corp.test", "deep"],
    ["exact.corp.test", "exact"],
  ])("%j belongs to provider %j", (host, slug) => {
    expect(directory.choose(host)?.slug).toBe(slug);
  });

  test.each([
    ["other.test"],
    ["app.test:8443"],
    ["app.test:80"],
    ["plain.test:443"],
    ["ported.test"],
    ["ported.test:443"],
    ["evilcorp.test"],
    ["corp.test.evil.test"],
    ["xapp.test"],
    ["app.test.evil.test"],
    [""],
    ["__proto__"],
    ["constructor"],
  ])("FWD-11: %j belongs to nobody", (host) => {
    expect(directory.choose(host)).toBeNull();
  });

  test("FWD-13: the only provider is not served to an unknown host", () => {
    expect(providerDirectory([app]).choose("other.test")).toBeNull();
  });

  test("FWD-12: among 500 providers the host finds its own", () => {
    const many = Array.from({ length: 500 }, (_, index) =>
      proxyProvider({ slug: `app${index}`, externalHost: new URL(`https://APP${index}.test`) }),
    );

    expect(providerDirectory(many).choose("app42.test")?.slug).toBe("app42");
  });
});

test.each([
  [app, "app.test", "https"],
  [plain, "plain.test", "http"],
  [ported, "ported.test:8443", "https"],
  [proxyProvider({ externalHost: new URL("https://[::1]:9443") }), "[::1]:9443", "https"],
] as const)("an external host is compared without its scheme's port (%#)", (provider, key, scheme) => {
  expect(externalHostKey(provider)).toBe(key);
  expect(schemeOf(provider)).toBe(scheme);
});
