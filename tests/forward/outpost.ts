import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compose } from "../../src/compose/compose.ts";
import { parseConfigText } from "../../src/config/load.ts";
import { firstValue, type HeaderLines } from "../../src/core/http/header-lines.ts";
import { problemText } from "../../src/core/problem.ts";
import type { Deps } from "../../src/http/deps.ts";
import { outcomeOf } from "../../src/http/wire-handler.ts";

import { createLog } from "../../src/log/create-log.ts";
import { router } from "../fakes/router.ts";
import { sampleConfig } from "../fakes/sample-config.ts";
import type { CheckRequest } from "./check-request.ts";

/** akproxy without a listener, so that a request may come from any peer; its issuer does not answer. */
export interface BareOutpost {
  readonly deps: Deps;
  readonly logLines: readonly Readonly<Record<string, unknown>>[];
  /** `peer` is the other end of the connection; 127.0.0.1. `over` replaces parts of what handlers reach. */
  ask(check: CheckRequest, peer?: string, over?: Partial<Deps>): Promise<BareAnswer>;
  close(): Promise<void>;
}

export interface BareAnswer {
  readonly status: number;
  readonly headers: HeaderLines;
  readonly challenge: string | null; //            WWW-Authenticate: it names the provider
}

/** `config` holds whole tables besides `[listen]`, of which it may give lines, and `[oidc]`. */
export async function startBareOutpost(config: {
  readonly listen?: string;
  readonly providers: string;
}): Promise<BareOutpost> {
  const stateDir = mkdtempSync(join(tmpdir(), "akproxy-forward-"));
  const text = sampleConfig({
    top: `state_dir = "${stateDir}"`,
    listen: `https = ""
${config.listen ?? ""}`,
    issuer: "http://127.0.0.1:1",
    tables: `[sessions]
store = "memory"
${config.providers}`,
  });
  const loaded = await parseConfigText(text, { file: join(stateDir, "akproxy.toml"), env: {} });
  if (loaded.config === null) throw new Error(loaded.problems.map(problemText).join("\n"));
  const logLines: Readonly<Record<string, unknown>>[] = [];
  const write = (line: string) => void logLines.push(JSON.parse(line));
  const outpost = await compose(loaded.config, {
    version: "0.0.0-test",
    log: createLog({ level: "info", format: "json", now: Date.now, isTty: false, write }),
    now: () => Math.floor(Date.now() / 1000),
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
  });
  return {
    deps: outpost.deps(),
    logLines,
    async ask(check, peer = "127.0.0.1", over = {}) {
      const facts = { scheme: "http", peerAddress: peer, serverName: null, hasBody: false } as const;
      const { result } = await outcomeOf(router, { ...outpost.deps(), ...over }, { ...check, ...facts });
      if (result.kind !== "answer") throw new Error("a verdict is answered, not passed on");
      const { status, headers } = result;
      return { status, headers, challenge: firstValue(headers, "www-authenticate") };
    },
    async close() {
      await outpost.close();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}
