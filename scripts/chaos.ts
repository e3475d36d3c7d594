/** Logins and sign-outs while akproxy and its store are killed with SIGKILL, half the times each. Usage: bun scripts/chaos.ts [KILLS] [STORE]... */
import { isHere } from "../tests/proxies/programs.ts";
import { chaos } from "../tests/stores/chaos.ts";
import { isServerHere } from "../tests/stores/store-server.ts";

const storms = {
  redis: ["redis", ["--appendfsync", "everysec"]],
  "redis-always": ["redis", ["--appendfsync", "always"]],
  sqlite: ["sqlite", []],
  postgres: ["postgres", ["-c", "fsync=on"]],
} as const;

const kills = Number(process.argv[2] ?? 60);
const named = process.argv.slice(3);
const unknown = named.filter((name) => !Object.hasOwn(storms, name));
if (!(Number.isSafeInteger(kills) && kills > 0) || unknown.length > 0) {
  console.error("chaos: error: an argument is neither a number of kills nor a store");
  console.error(`chaos: hint: scripts/chaos [KILLS] [STORE]..., STORE one of ${Object.keys(storms).join(", ")}`);
  process.exit(64);
}
if (!isHere("nginx")) process.exit(69);
let wrong = 0;
for (const [name, [server, settings]] of Object.entries(storms)) {
  if ((named.length > 0 && !named.includes(name)) || (server !== "sqlite" && !isServerHere(server))) continue;
  const start = performance.now();
  const { lost, resurrected, passedWhileAway, confused, ...counts } = await chaos(server, { kills, settings });
  const never = { lost, resurrected, passedWhileAway, confused };
  const seconds = Math.round((performance.now() - start) / 1000);
  const found = Object.entries(never).map(([what, cases]) => `${what} ${cases.length}`);
  console.log(`${name}: ${seconds} s, ${JSON.stringify(counts)}, ${found.join(", ")}`);
  for (const [what, cases] of Object.entries(never)) {
    wrong += cases.length;
    for (const each of cases.slice(0, 10)) console.log(`  ${what}: ${each}`);
  }
}
process.exit(wrong === 0 ? 0 : 1);
