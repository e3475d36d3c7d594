/**
 * Runs the attacks on akproxy, from source or as $AKPROXY, and prints a line for each finding. Usage: bun scripts/hostile.ts [--list] [NAME]...
 */
import type { Attack } from "./hostile-lab.ts";
import { upstreamAttacks } from "./hostile-upstreams.ts";

const attacks: readonly Attack[] = [...upstreamAttacks];
const names = process.argv.slice(2).filter((argument) => argument !== "--list");
const unknown = names.find((name) => attacks.every((attack) => attack.name !== name));
if (unknown !== undefined) {
  console.error(`hostile: error: there is no attack "${unknown}"\nhostile: hint: scripts/hostile --list shows them`);
  process.exit(64);
}
if (process.argv.includes("--list")) {
  for (const { name, fault } of attacks) console.log(`${name.padEnd(18)} ${fault}`);
  process.exit(0);
}

let held = 0;
let failed = 0;
for (const { name, fault, run } of attacks) {
  if (names.length > 0 && !names.includes(name)) continue;
  console.log(`\n${name}: ${fault}`);
  for (const { what, holds, seen, wanted } of await run()) {
    if (holds) held += 1;
    else failed += 1;
    console.log(`${holds ? "HOLDS" : "FAILS"}  ${what}: ${seen}${holds ? "" : `; wanted: ${wanted}`}`);
  }
}
console.log(`\n${held} of ${held + failed} hold`);
process.exit(failed === 0 ? 0 : 1);
