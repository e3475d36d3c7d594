import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Stack, startStack } from "../../journeys/stack.ts";
import { sessionOf } from "../../security/guarded-app.ts";
import { withoutOurs } from "./match.ts";
import { conformanceRows } from "./rows.ts";
import { type ConformanceRow, type Proxied, partsOf, playRow } from "./run.ts";
import { rawText } from "./script.ts";
import { startScriptedUpstream } from "./upstream.ts";

let stack: Stack;
let proxied: Proxied;

beforeAll(async () => {
  const facts = { sessionLine: "" };
  const upstream = await startScriptedUpstream(facts);
  stack = await startStack({ store: "memory", providers: providers(`http://127.0.0.1:${upstream.port}`) });
  facts.sessionLine = `Cookie: ${await sessionOf(stack)}\r\n`;
  proxied = { port: stack.port, upstream, facts, without: withoutOurs, patience: 2000, settles: "at_once" };
});
afterAll(async () => {
  await stack.stop();
  await proxied.upstream.stop();
});

/** Requests without a session go to app.test; odd targets and guarded.test need a session. */
function providers(internalHost: string): string {
  return `
[providers.app]
mode = "proxy"
external_host = "http://app.test"
internal_host = "${internalHost}"
skip_path_regex = "^/(?:[^l]|l[^o])"

[providers.guarded]
mode = "proxy"
external_host = "http://guarded.test"
internal_host = "${internalHost}"
`;
}

for (const [name, row] of await conformanceRows()) {
  test(name, async () => {
    const played = await playRow(row, proxied);

    const client = played.clientMatch === "whole" ? row.client_got : played.client.bytes;
    expect({ client, upstream: played.upstream, isCut: cutOf(row, played.upstreamIsCut) }).toEqual({
      client: row.client_got,
      upstream: partsOf(row.upstream_got).map((text) => rawText(text, proxied.facts)),
      isCut: row.upstream_cut === true,
    });
  });
}

/** A row without this part accepts anything. */
function cutOf({ upstream_cut }: ConformanceRow, isCut: boolean): boolean {
  return upstream_cut === true && isCut;
}
