import { expect, test } from "bun:test";
import { isHere } from "../proxies/programs.ts";
import { chaos } from "./chaos.ts";
import { isServerHere, type ServerName } from "./store-server.ts";

function chaosOn(name: ServerName | "sqlite", killed: readonly [instances: number, stores: number]): void {
  test(`SES-09: ${name} and akproxy killed at random under load: no session comes back, none is lost, none passes without the store`, async () => {
    const { lost, resurrected, passedWhileAway, confused, ...counts } = await chaos(name, { kills: 2 });

    console.info(`${name}: ${JSON.stringify(counts)}`);
    expect({ lost, resurrected, passedWhileAway, confused }).toEqual({
      lost: [],
      resurrected: [],
      passedWhileAway: [],
      confused: [],
    });
    expect([counts.killedInstances, counts.killedStores]).toEqual([...killed]);
    expect(counts.logins).toBeGreaterThan(2);
    expect(counts.passes).toBeGreaterThan(10);
  }, 40_000);
}

if (isHere("nginx")) {
  chaosOn("sqlite", [2, 0]);
  if (isServerHere("redis")) chaosOn("redis", [1, 1]);
  if (isServerHere("postgres")) chaosOn("postgres", [1, 1]);
}
