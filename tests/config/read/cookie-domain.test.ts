import { expect, test } from "bun:test";
import { parseConfigText } from "../../../src/config/load.ts";
import { readCookieDomain } from "../../../src/config/read/cookie-domain.ts";
import { ok } from "../../../src/config/reading.ts";
import { configText, goodEnv } from "../problem-lines.ts";

test.each([
  ["company.test", "company.test"],
  [".Company.TEST", "company.test"],
  ["auth.company.test", "auth.company.test"],
])("the cookie domain %s covers auth.company.test", (text, domain) => {
  expect(readCookieDomain(text)).toEqual(ok(domain));
});

test.each([
  ["com", "app.com", "has only one label"],
  ["localhost", "localhost", "has only one label"],
  ["co.uk", "app.co.uk", "is a public suffix"],
  ["CO.UK", "app.co.uk", "is a public suffix"],
  ["com.au", "app.com.au", "is a public suffix"],
  ["github.io", "app.github.io", "is a public suffix"],
  ["1.2.3.4", "1.2.3.4", "is an address"],
  ["[::1]", "[::1]", "is an address"],
  ["company.test:443", "app.company.test", "is an address"],
  ["https://company.test", "app.company.test", "is an address"],
  ["*.company.test", "app.company.test", "is not a domain"],
  ["pany.test", "app.company.test", "does not cover the host of external_host, app.company.test"],
  ["other.test", "app.company.test", "does not cover the host of external_host, app.company.test"],
  ["app.company.test", "company.test", "does not cover the host of external_host, company.test"],
])("CK-02: the cookie domain %s of %s is refused", async (domain, hostname, why) => {
  const text = configText({ provider: `cookie_domain = ${JSON.stringify(domain)}` })
    .replace('"proxy"', '"forward_single"')
    .replace("https://app.company", `https://${hostname}`)
    .replace(/internal_host.*\n/, "");

  const { problems } = await parseConfigText(text, { file: "a.toml", env: goodEnv });

  expect(problems.map((problem) => problem.message)).toEqual([`${JSON.stringify(domain)} ${why}`]);
});
