import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Surroundings } from "../../src/compose/compose.ts";
import { parseConfigText } from "../../src/config/load.ts";
import type { Config } from "../../src/core/config.ts";
import { keptLog } from "../fakes/kept-log.ts";
import { proxiedApp, sampleConfig } from "../fakes/sample-config.ts";

/** What differs from a config with one provider, http on a free port and sessions in memory. */
export interface Wishes {
  readonly stateDir: string;
  readonly listen?: string;
  readonly sessions?: string;
  readonly issuer?: string;
  readonly internalHost?: string;
  readonly provider?: string;
  readonly more?: string;
}

/** The folder of a test file; its caller removes it. */
export function testFolder(): string {
  return mkdtempSync(join(tmpdir(), "akproxy-compose-"));
}

export async function configOf(wishes: Wishes): Promise<Config> {
  const provider = proxiedApp(wishes.internalHost ?? "http://127.0.0.1:1");
  const text = sampleConfig({
    top: `state_dir = "${wishes.stateDir}"`,
    tables: `${provider}${wishes.provider ?? ""}
[sessions]
${wishes.sessions ?? 'store = "memory"'}
${wishes.more ?? ""}`,
    ...(wishes.listen === undefined ? {} : { listen: wishes.listen }),
    ...(wishes.issuer === undefined ? {} : { issuer: wishes.issuer }),
  });
  const { config, problems } = await parseConfigText(text, { file: join(wishes.stateDir, "akproxy.toml"), env: {} });
  if (config === null) throw new Error(JSON.stringify(problems));
  return config;
}

/** Surroundings with a log that keeps its lines. */
export function surroundingsOf(more: Omit<Partial<Surroundings>, "log"> = {}) {
  return {
    version: "0.0.0-test",
    log: keptLog(),
    now: () => Math.floor(Date.now() / 1000),
    randomBytes: (count: number) => crypto.getRandomValues(new Uint8Array(count)),
    ...more,
  };
}
