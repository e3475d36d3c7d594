/**
 * Measures akproxy beside its peers: scripts/bench [--only CASE]... [--rounds N] [--seconds S] [--quick] [--write] [--list]
 * [--binary FILE] [--earlier FILE]. What is not given is measured whole and written into docs/performance.md.
 */
import { cpus } from "node:os";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { figureCases } from "./figure-cases.ts";
import { type Effort, measureCase } from "./measure.ts";
import { builtVersions, findPrograms, type Programs, versionOf } from "./programs.ts";
import { proxyCases } from "./proxy-cases.ts";
import { sessionCases } from "./session-cases.ts";
import type { Case } from "./shot.ts";
import { tlsCases } from "./tls-cases.ts";
import { verdictCases } from "./verdict-cases.ts";
import { openWorld } from "./world.ts";

const page = "docs/performance.md";

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: [] },
    rounds: { type: "string" },
    seconds: { type: "string" },
    quick: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    list: { type: "boolean", default: false },
    binary: { type: "string", default: "dist/akproxy" },
    earlier: { type: "string" },
    programs: { type: "string", default: "" }, //  the folder of what was built from Go modules
  },
});

const effort: Effort = {
  rounds: Number(values.rounds ?? (values.quick ? 1 : 5)),
  seconds: Number(values.seconds ?? (values.quick ? 1 : 3)),
};
if (cpus().length < 2) throw new Error("two cores are needed: one for the server, one for the load");

const programs = findPrograms(values.programs);

const world = await openWorld(
  programs,
  resolve(values.binary),
  values.earlier === undefined ? null : resolve(values.earlier),
);
let failed = 0;
try {
  const all = [
    ...verdictCases(world),
    ...sessionCases(world),
    ...proxyCases(world),
    ...tlsCases(world),
    ...figureCases(world),
  ];
  const unknown = values.only.filter((name) => !all.some((work) => work.name === name));
  if (unknown.length > 0 || values.list) console.log(`cases: ${all.map((work) => work.name).join(" ")}`);
  if (unknown.length > 0) throw new Error(`no case is called ${unknown.join(", ")}`);
  const wanted = values.list ? [] : all.filter(({ name }) => values.only.length === 0 || values.only.includes(name));
  if (wanted.length > 0) console.log(machine(programs));
  for (const work of wanted) await measureAndShow(work);
} finally {
  await world.end();
}
process.exit(failed === 0 ? 0 : 1);

/** A case that cannot be measured does not stop the others. */
async function measureAndShow(work: Case): Promise<void> {
  console.log(`\n## ${work.title} (${work.name})\n`);
  try {
    const table = await measureCase(work, effort);
    console.log(table);
    const isWhole = values.only.length === 0 && !values.quick;
    if (values.write || isWhole) await writeTable(work, table, whenAndHow());
  } catch (error) {
    failed += 1;
    console.log(`not measured: ${error instanceof Error ? error.message : error}`);
  }
}

function whenAndHow(): string {
  return `${new Date().toISOString().slice(0, 10)}, ${effort.rounds} rounds of ${effort.seconds} s`;
}

function machine(found: Programs): string {
  const versions = [
    ["nginx", versionOf([found.nginx, "-v"])],
    ["Bun", Bun.version],
    ["HAProxy", found.haproxy === null ? null : versionOf([found.haproxy, "-v"])],
    ["Caddy", found.caddy === null ? null : versionOf([found.caddy, "version"])],
    ["newer Caddy", found.newerCaddy === null ? null : builtVersions.newerCaddy],
    ["Apache", found.apache === null ? null : versionOf([found.apache, "-v"])],
    ["oauth2-proxy", found.oauth2Proxy === null ? null : builtVersions.oauth2Proxy],
  ];
  const text = versions.flatMap(([name, version]) => (version === null ? [] : [`${name} ${version}`])).join(", ");
  return `${cpus()[0]?.model ?? ""}, ${cpus().length} cores; ${text}`;
}

/** Writes a case's table into docs/performance.md, between its own markers; a new case goes to the end of them. */
async function writeTable({ name, title }: Case, table: string, machine: string): Promise<void> {
  const text = await Bun.file(page).text();
  const section = `<!-- bench:${name} -->\n### ${title}\n\n\`${name}\`, ${machine}\n\n${table}\n<!-- /bench:${name} -->`;
  const standing = new RegExp(`<!-- bench:${name} -->[\\s\\S]*?<!-- /bench:${name} -->`);
  const end = "<!-- bench:end -->";
  const written = standing.test(text)
    ? text.replace(standing, () => section)
    : text.replace(end, () => `${section}\n\n${end}`);
  if (written === text) console.error(`${page}: nothing written for ${name}`);
  await Bun.write(page, written);
}
