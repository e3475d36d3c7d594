import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfigText } from "../../src/config/load.ts";
import type { Config } from "../../src/core/config.ts";
import type { Check, DoctorWorld, Section } from "../../src/doctor/check.ts";
import { diagnose } from "../../src/doctor/doctor.ts";
import { type FakeIssuer, startFakeIssuer } from "../fakes/idp.ts";
import { sampleConfig } from "../fakes/sample-config.ts";

/** What differs from a config whose checks pass, and from a world in which they do. */
export interface Wishes {
  readonly top?: string;
  readonly listen?: string;
  readonly oidc?: string;
  readonly provider?: string;
  readonly more?: string;
  readonly metadata?: FakeIssuer["metadata"];
  readonly keys?: FakeIssuer["keys"];
  readonly aheadSeconds?: number;
  readonly timeoutMilliseconds?: number;
}

type Checks = Readonly<Record<string, Check>>;

/** A fake issuer and a folder, for configs that name them. */
export interface CheckedWorld {
  readonly fake: FakeIssuer;
  readonly root: string;
  configOf(wishes: Wishes): Promise<Config>;
  /** Every check of a config, by name. */
  checksOf(wishes: Wishes): Promise<Checks>;
  end(): Promise<void>;
}

export const proxyProvider = 'mode = "proxy"\nexternal_host = "https://app.test"\ninternal_host = "http://127.0.0.1:1"';

export function checkedWorld(): CheckedWorld {
  const fake = startFakeIssuer();
  const root = mkdtempSync(join(tmpdir(), "akproxy-checks-"));
  const configOf = async (wishes: Wishes): Promise<Config> => {
    const text = configText(fake, root, wishes);
    const { config, problems } = await parseConfigText(text, { file: join(root, "akproxy.toml"), env: {} });
    if (config === null) throw new Error(JSON.stringify(problems));
    return config;
  };
  return {
    fake,
    root,
    configOf,
    async checksOf(wishes) {
      const config = await configOf(wishes);
      const { keys } = fake;
      fake.metadata = wishes.metadata ?? {};
      fake.keys = wishes.keys ?? keys;
      const sections: Section[] = [];
      for await (const section of diagnose(config, config.providers, worldOf(wishes))) sections.push(section);
      fake.keys = keys;
      return byName(sections.flatMap(({ checks }) => checks));
    },
    async end() {
      await fake.stop();
      rmSync(root, { recursive: true });
    },
  };
}

function configText(fake: FakeIssuer, root: string, wishes: Wishes): string {
  return sampleConfig({
    top: wishes.top ?? `state_dir = "${mkdtempSync(join(root, "state-"))}"`,
    issuer: fake.issuer,
    oidc: wishes.oidc ?? "",
    tables: `[providers.app]
${wishes.provider ?? proxyProvider}
${wishes.more ?? ""}`,
    ...(wishes.listen === undefined ? {} : { listen: wishes.listen }),
  });
}

/** The clock is that of this machine, `aheadSeconds` later. */
export function worldOf(wishes: Pick<Wishes, "aheadSeconds" | "timeoutMilliseconds"> = {}): DoctorWorld {
  return {
    version: "0.0.0-test",
    now: () => Date.now() / 1000 + (wishes.aheadSeconds ?? 0),
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    timeoutMilliseconds: wishes.timeoutMilliseconds ?? 2000,
  };
}

export function byName(checks: readonly Check[]): Checks {
  return Object.fromEntries(checks.map((check) => [check.name, check]));
}
