/**
 * Plays tests/corpus/wire-conformance.toml through other reverse proxies and prints where they differ from it.
 * Usage: bun scripts/conformance.ts --against nginx|caddy|haproxy [PART OF A ROW'S NAME] | --write
 */
import { conformanceRows } from "../tests/wire/conformance/rows.ts";
import { type ConformanceRow, type Played, partsOf, playRow } from "../tests/wire/conformance/run.ts";
import { startScriptedUpstream } from "../tests/wire/conformance/upstream.ts";
import { judge, type Verdict, withoutTheirs } from "./conformance-judge.ts";
import { type Peer, peers, startPeer } from "./conformance-peers.ts";

const [option = "", name = "", part = ""] = process.argv.slice(2);
const isPeer = (text: string): text is Peer => peers.some((peer) => peer === text);
if (option !== "--write" && !(option === "--against" && isPeer(name))) {
  console.error(`conformance: error: neither --against nor --write was given
conformance: hint: scripts/conformance --against ${peers.join("|")} [PART OF A ROW'S NAME]`);
  process.exit(64);
}
// What a session decides has no counterpart at a plain reverse proxy
const rows = (await conformanceRows()).filter(([, row]) => !row.client_got.includes("<own 401"));

async function verdictsOf(
  peer: Peer,
  wanted: typeof rows,
  told: (title: string, row: ConformanceRow, verdict: Verdict, played: Played) => void = () => undefined,
): Promise<readonly Verdict[]> {
  const facts = { sessionLine: "" };
  const upstream = await startScriptedUpstream(facts);
  const { port, stop } = await startPeer(peer, upstream.port);
  const verdicts: Verdict[] = [];
  for (const [title, row] of wanted) {
    const proxied = {
      port,
      upstream,
      facts,
      without: (bytes: string, side: "upstream" | "client") => withoutTheirs(bytes, side, row.client),
      patience: 400,
      settles: "late",
    } as const;
    const played = await playRow(row, proxied);
    const verdict = judge(row, played);
    verdicts.push(verdict);
    told(title, row, verdict, played);
  }
  await stop();
  await upstream.stop();
  return verdicts;
}

function show(title: string, row: ConformanceRow, verdict: Verdict, played: Played): void {
  if (verdict.kind === "same") return;
  console.log(`${short(verdict)}  ${title}`);
  if (verdict.kind !== "differs") return;
  if (verdict.client) {
    console.log(`      client: table ${JSON.stringify(row.client_got.slice(0, 600))}`);
    console.log(
      `              here  ${JSON.stringify(played.client.bytes.slice(0, 600))}${played.client.isClosed ? " closed" : ""}`,
    );
  }
  if (verdict.upstream) {
    console.log(`    upstream: table ${JSON.stringify(partsOf(row.upstream_got))?.slice(0, 600)}`);
    console.log(`              here  ${JSON.stringify(played.upstream).replaceAll("\\r", "").slice(0, 600)}`);
  }
}

function short(verdict: Verdict): string {
  switch (verdict.kind) {
    case "same":
      return "same";
    case "order":
      return "same, other order or case";
    case "refuses":
      return verdict.status === "closed" ? "refuses, without an answer" : `refuses, ${verdict.status}`;
    case "differs":
      return "differs";
  }
}

function summary(peer: Peer, verdicts: readonly Verdict[]): string {
  const counted = (kind: Verdict["kind"]) => verdicts.filter((verdict) => verdict.kind === kind).length;
  return `${peer}: ${counted("same")} as in the table, ${counted("order")} but for order or case of header lines, ${counted("refuses")} refused in another way, ${counted("differs")} different`;
}

if (option === "--against" && isPeer(name)) {
  const chosen = rows.filter(([title]) => title.includes(part));
  console.log(summary(name, await verdictsOf(name, chosen, show)));
} else {
  const columns: (readonly Verdict[])[] = [];
  for (const peer of peers) columns.push(await verdictsOf(peer, rows));
  await Bun.write("docs/conformance.md", page(columns));
  console.log(peers.map((peer, at) => summary(peer, columns[at] ?? [])).join("\n"));
}

function page(columns: readonly (readonly Verdict[])[]): string {
  const lines = rows.map(([title], at) => {
    const cells = columns.map((verdicts) => short(verdicts[at] ?? { kind: "same" }));
    return `| ${title.replaceAll("|", "\\|")} | ${cells.join(" | ")} |`;
  });
  return `# HTTP conformance

\`tests/corpus/wire-conformance.toml\` is a table of ${rows.length} rows: what a client sends, what the upstream answers, and the exact bytes that each of them then receives. akproxy
passes each row (\`tests/wire/conformance/conformance.test.ts\`). To check the table itself, \`scripts/conformance\` runs it through other reverse proxies, as Debian ships
them, configured as plain proxies that stream and keep connections open. \`--against NAME\` prints both sides where they differ. A difference is not a fault: RFC 9110 and 9112 leave room.
The comparison ignores what they add to every message (Via, Server, Date, Connection: keep-alive, X-Forwarded-*, and an Accept-Encoding if the client sent
none). \`scripts/conformance --write\` writes this page.

| row | ${peers.join(" | ")} |
|---|${peers.map(() => "---|").join("")}
${lines.join("\n")}
`;
}
