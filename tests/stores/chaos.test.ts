import { expect, test } from "bun:test";
import { isHere } from "../proxies/programs.ts";
import { chaos } from "./chaos.ts";
import { isServerHere, type ServerName } from "./store-server.ts";

function chaosOn(name: ServerName): void {
  test(`SES-09: ${name} and akproxy killed at random under load: no session comes back, none is lost, none passes without the store`, async () => {
    const { lost, resurrected, passedWhileAway, confused, ...counts } = await chaos(name, { kills: 4 });

    console.info(`${name}: ${JSON.stringify(counts)}`);
    expect({ lost, resurrected, passedWhileAway, confused }).toEqual({
      lost: [],
      resurrected: [],
      passedWhileAway: [],
      confused: [],
    });
    expect([counts.killedInstances, counts.killedStores]).toEqual([2, 2]);
    expect(counts.logins).toBeGreaterThan(2);
    expect(counts.passes).toBeGreaterThan(10);
    expect(counts.refusals).toBeGreaterThan(0);
  }, 40_000);
}

if (isHere("nginx")) {
  if (isServerHere("redis")) chaosOn("redis");
  if (isServerHere("postgres")) chaosOn("postgres");
}
