import { expect, test } from "bun:test";
import { parseConfigText } from "../../../src/config/load.ts";
import { configText, goodEnv, problemLines } from "../problem-lines.ts";

function text(mode: string, lines: string): string {
  return configText({})
    .replace('"proxy"', `"${mode}"`)
    .replace("https://app.company", "https://app.company.test")
    .replace(/internal_host.*\n/, () => `${lines}\n`);
}

async function providerOf(config: string) {
  return (await parseConfigText(config, { file: "akproxy.toml", env: goodEnv })).config?.providers[0];
}

test("forward_single needs only an external host, and may have a cookie domain", async () => {
  const bare = text("forward_single", "");
  const wide = text("forward_single", 'cookie_domain = ".Company.test"');

  expect(await problemLines(bare, goodEnv)).toEqual([]);
  expect(await problemLines(wide, goodEnv)).toEqual([]);
  expect((await providerOf(bare))?.cookie).toEqual({ name: "__Host-akproxy_app", domain: null, secure: true });
  expect((await providerOf(wide))?.cookie).toEqual({
    name: "__Secure-akproxy_app",
    domain: "company.test",
    secure: true,
  });
});

test("forward_domain has its cookie domain in lower case without a leading dot", async () => {
  const provider = await providerOf(
    text("forward_domain", 'cookie_domain = ".Company.test"\nallow = { groups = ["a"] }'),
  );

  expect(provider).toMatchObject({
    mode: "forward_domain",
    cookieDomain: "company.test",
    cookie: { name: "__Secure-akproxy_app", domain: "company.test" },
  });
});

test.each(["forward_single", "forward_domain"])("internal_host is an error in %s", async (mode) => {
  const lines = await problemLines(
    text(mode, 'cookie_domain = "company.test"\nallow = { users = ["a"] }\ninternal_host = "http://127.0.0.1:1"'),
    goodEnv,
  );

  expect(lines).toEqual([`10:17 error providers.app.internal_host: is not allowed in ${mode}`]);
});

test.each(["com", "co.uk", "1.2.3.4", "localhost", "pany.test", "a.app.company.test"])(
  "CK-02: the cookie domain %s is refused in both forward modes",
  async (domain) => {
    const single = await problemLines(text("forward_single", `cookie_domain = "${domain}"`), goodEnv);
    const level = await problemLines(text("forward_domain", `cookie_domain = "${domain}"`), goodEnv);

    expect(single).toHaveLength(1);
    expect(single[0]).toStartWith(`8:17 error providers.app.cookie_domain: "${domain}" `);
    expect(level).toEqual(single);
  },
);

test.each([
  ["^https://app\\.company\\.test/public/", null],
  ["^https://app\\.company\\.test/", null],
  ["^https://app\\.company\\.test/health$", null],
  ["^https://app\\.company\\.test/public/.*$", null],
  ["^https://app\\.company\\.test/(?:a/.*|b)$", null],
  ["^https://[a-z]+\\.company\\.test/public/", null],
  ["/public/", 'is not anchored: it also matches in a query, as in "/admin?…"'],
  ["^/public/", "matches nothing: no URL begins with a slash"],
  ["^https://", "matches everything: every URL is public"],
  [".*", "matches everything: every URL is public"],
  ["^https://app.company\\.test/public/", 'has an unescaped "." in its host at offset 12, which matches any character'],
  ["^https://app.company.test", 'has an unescaped "." in its host at offset 12, which matches any character'],
  [
    "^https://.*\\.company\\.test/public/",
    'has a repeated "." at offset 9, which reaches into the query, as in "/admin?…"',
  ],
  [
    "^https://app\\.company\\.test/.*\\.css$",
    'has a repeated "." at offset 28, which reaches into the query, as in "/admin?…"',
  ],
])("PATH-09: in domain level the public pattern %s gives its warning", async (pattern, warning) => {
  const lines = await problemLines(
    text(
      "forward_domain",
      `cookie_domain = "company.test"\nallow = { users = ["a"] }\nskip_path_regex = ['${pattern}']`,
    ),
    goodEnv,
  );

  const expected = `10:21 warning providers.app.skip_path_regex[0]: pattern ${JSON.stringify(pattern)} ${warning}`;
  expect(lines).toEqual(warning === null ? [] : [expected]);
});

test.each([
  ["3", "must be a string, not a number"],
  ['"co.uk"', '"co.uk" is a public suffix'],
])(
  "forward_domain with cookie_domain = %s is one problem: the key is not reported as missing too",
  async (value, message) => {
    const lines = await problemLines(text("forward_domain", `cookie_domain = ${value}`), goodEnv);

    expect(lines).toEqual([`8:17 error providers.app.cookie_domain: ${message}`]);
  },
);

test.each([
  ["internal_host = 3", "proxy", "internal_host: must be a string, not a number"],
  ['internal_host = "app"', "proxy", 'internal_host: "app" is not an http:// or https:// URL'],
  ["mode = { a = 1 }", "forward_single", "mode: must be a string, not a table"],
])("%s in a provider is one problem", async (line, mode, message) => {
  const config = line.startsWith("mode") ? text(mode, "").replace(/mode = .*/, line) : text(mode, line);

  const lines = await problemLines(config, goodEnv);

  expect(lines.map((problem) => problem.replace(/^\S+ error providers\.app\./, ""))).toEqual([message]);
});
