import { expect, test } from "bun:test";
import { Glob } from "bun";
import { withHeaderTable } from "../../../scripts/header-table.ts";
import { configJsonSchema } from "../../../src/config/schema/schema.ts";
import { foldedName } from "../../../src/core/http/client-headers.ts";
import {
  claimedFields,
  claimFields,
  identityFields,
  identityHeaderNames,
  noClaimedFields,
} from "../../../src/core/identity/identity-fields.ts";
import { anonymousHeaders, identityHeaders } from "../../../src/core/upstream/identity-headers.ts";
import { alice, outpost, singleProvider } from "../../fakes/samples.ts";

test("each row has a header and a key of its own, in the namespace that clients cannot use", () => {
  const folded = identityHeaderNames.map(foldedName);
  const keys = claimFields.map(({ key }) => key);

  expect(new Set(folded).size).toBe(identityFields.length);
  expect(new Set(keys).size).toBe(claimFields.length);
  expect(folded.filter((name) => !name.startsWith("x-authentik-"))).toEqual([]);
});

test("the headers that are sent, for a user and for an anonymous request, are the rows in their order", () => {
  const names = (lines: readonly (readonly [string, string])[]) => lines.map(([name]) => name);

  expect(names(identityHeaders(alice(), singleProvider(), outpost).lines)).toEqual([...identityHeaderNames]);
  expect(names(anonymousHeaders(singleProvider(), outpost))).toEqual([...identityHeaderNames]);
});

test("each row that a claim feeds has a value of its kind", () => {
  const fields = claimedFields(
    (key) => `a ${key}`,
    (key) => [key],
  );

  expect(Object.keys(fields)).toEqual(claimFields.map(({ key }) => key));
  expect(fields).toMatchObject({ username: "a username", groups: ["groups"] });
  expect(noClaimedFields).toMatchObject({ username: "", groups: [], entitlements: [], email: "", name: "", uid: "" });
});

test("the config's claims are the rows' keys, with their claims as defaults", () => {
  const declared = claimFields.map(({ key, claim, header }) => [
    key,
    { default: claim, description: `claim of ${header}`, type: "string" },
  ]);

  const claims = { type: "object", properties: Object.fromEntries(declared) };
  const provider = { properties: { claims } };
  expect(configJsonSchema()).toMatchObject({ properties: { providers: { additionalProperties: provider } } });
});

test("config.example.toml says which header each claim feeds", async () => {
  const example = await Bun.file("config.example.toml").text();
  const table = /\n\[providers\.app\.claims\]\n([\s\S]*?)\n\n/.exec(example)?.[1] ?? "";

  expect(table.split("\n").map((line) => line.replace(/ +#/, " #").replace(/;.*/, ""))).toEqual(
    claimFields.map(({ key, claim, header }) => `${key} = "${claim}" # ${header}`),
  );
});

test("README's table is made from the rows (else: scripts/docs)", async () => {
  const readme = await Bun.file("README.md").text();

  expect(readme).toContain("<!-- identity headers -->\n| header |");
  expect(withHeaderTable(readme)).toBe(readme);
});

test("every header that a page names is a row", async () => {
  const pages = ["README.md", "SECURITY.md", "config.example.toml", ...new Glob("docs/**/*.md").scanSync(".")];
  const flags = ["X-authentik-auth-callback", "X-authentik-logout", "X-authentik-other"]; // two flags of queries; what is not a row

  const unknown: string[] = [];
  for (const page of pages) {
    for (const [name] of (await Bun.file(page).text()).matchAll(/X-authentik-[a-z]+(?:-[a-z]+)*/g)) {
      const isPart = identityHeaderNames.some((header) => header.startsWith(`${name}-`));
      if (!identityHeaderNames.includes(name) && !isPart && !flags.includes(name)) unknown.push(`${page}: ${name}`);
    }
  }

  expect(unknown).toEqual([]);
});
