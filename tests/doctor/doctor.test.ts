import { afterAll, expect, test } from "bun:test";
import { diagnose } from "../../src/doctor/doctor.ts";
import { checkedWorld, worldOf } from "./checks.ts";

const { configOf, end, fake } = checkedWorld();
afterAll(end);

test("sections come in order, and an issuer that two providers share is asked once", async () => {
  const config = await configOf({
    more: '[providers.wiki]\nmode = "forward_single"\nexternal_host = "https://wiki.test"',
  });
  const before = fake.hits.discovery;

  const titles: string[] = [];
  for await (const { title } of diagnose(config, config.providers, worldOf())) titles.push(title);

  expect(titles).toEqual([
    "state",
    "certificates",
    `issuer ${fake.issuer}`,
    "provider app",
    "provider wiki",
    "listeners",
  ]);
  expect(fake.hits.discovery - before).toBe(1);
});

test("an issuer that two providers reach in different ways is asked in both", async () => {
  const split = `[providers.wiki]\nmode = "forward_single"\nexternal_host = "https://wiki.test"\nbackchannel_host = "${new URL(fake.issuer).host}"`;
  const config = await configOf({ more: split });
  const before = fake.hits.discovery;

  const titles: string[] = [];
  for await (const { title } of diagnose(config, config.providers, worldOf())) titles.push(title);

  expect(titles.filter((title) => title === `issuer ${fake.issuer}`)).toHaveLength(2);
  expect(fake.hits.discovery - before).toBe(2);
});

test("only the providers that are asked for are checked", async () => {
  const config = await configOf({
    more: '[providers.wiki]\nmode = "forward_single"\nexternal_host = "https://wiki.test"',
  });
  const wiki = config.providers.filter(({ slug }) => slug === "wiki");

  const titles: string[] = [];
  for await (const { title } of diagnose(config, wiki, worldOf())) titles.push(title);

  expect(titles.filter((title) => title.startsWith("provider"))).toEqual(["provider wiki"]);
});
