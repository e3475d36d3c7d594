import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Surroundings } from "../../src/compose/compose.ts";
import { parseConfigText } from "../../src/config/load.ts";
import type { Config } from "../../src/core/config.ts";
import { keptLog } from "../fakes/login-settings.ts";

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
  const text = `
state_dir = "${wishes.stateDir}"
[listen]
${wishes.listen ?? 'http = "127.0.0.1:0"\nhttps = ""\nmetrics = ""'}
[sessions]
${wishes.sessions ?? 'store = "memory"'}
[oidc]
issuer = "${wishes.issuer ?? "http://127.0.0.1:1/"}"
client_id = "akproxy"
client_secret = "a-client-secret-of-32-characters!!"
[providers.app]
mode = "proxy"
external_host = "http://app.test"
internal_host = "${wishes.internalHost ?? "http://127.0.0.1:1"}"
${wishes.provider ?? ""}
${wishes.more ?? ""}
`;
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
