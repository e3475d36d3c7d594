import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfigText } from "../../../src/config/load.ts";
import type { SessionStore } from "../../../src/ports/session-store.ts";
import { openKeys } from "../../../src/seal/keys.ts";
import { openSessions } from "../../../src/sessions/open.ts";
import { idOf, sessionOf } from "../../contract/session-store.ts";
import { runAkproxy } from "../../fakes/run-akproxy.ts";
import { waitUntil } from "../../fakes/waits.ts";
import { isServerHere, type ServerName, type StoreServer, startServer } from "../../stores/store-server.ts";

const folder = mkdtempSync(join(tmpdir(), "akproxy-sessions-stores-"));
afterAll(() => rmSync(folder, { recursive: true }));

const names: readonly ServerName[] = ["redis", "postgres"];
const now = Math.floor(Date.now() / 1000);

describe.each(names.filter(isServerHere))("with a real %s", (name) => {
  const file = join(folder, `${name}.toml`);
  let server: StoreServer;
  let instance: SessionStore; //                   what a running akproxy has open, with its cache

  beforeAll(async () => {
    server = await startServer(name);
    const text = `
[outpost]
secret = "a-secret-of-the-outpost-of-40-characters"
[sessions]
store = "${server.url}"
[listen]
http = "127.0.0.1:0"
https = ""
metrics = ""
[oidc]
issuer = "http://127.0.0.1:1"
client_id = "akproxy"
[providers.app]
mode = "forward_single"
external_host = "http://localhost"
`;
    writeFileSync(file, text, { mode: 0o600 });
    const { config } = await parseConfigText(text, { file, env: {} });
    if (config === null) throw new Error("the config of this test is broken");
    instance = await openSessions(config.sessions, {
      keys: openKeys(config.secrets ?? []),
      now: () => Math.floor(Date.now() / 1000),
      randomBytes,
    });
    for (const id of ["first", "second", "third"]) {
      await instance.create({ ...sessionOf({ id: idOf(id) }), createdAt: now, lastSeenAt: now, expiresAt: now + 3600 });
    }
  });
  afterAll(async () => {
    await instance.close();
    await server.stop();
  });

  async function akproxy(...args: readonly string[]) {
    return runAkproxy([...args, "-c", file]);
  }

  /** The milliseconds until the running instance, which may hold it open, lets the session in no more. */
  async function untilGone(id: string): Promise<number> {
    return waitUntil(async () => (await instance.get(idOf(id))) === null);
  }

  test("sessions are listed, and one of them is ended by its handle", async () => {
    expect(await instance.get(idOf("first"))).not.toBeNull();
    const listed = await akproxy("sessions", "list", "--json");
    const all: { readonly sessions: readonly { readonly handle: string; readonly user: string }[] } = JSON.parse(
      listed.stdout,
    );

    const revoked = await akproxy("sessions", "revoke", all.sessions[0]?.handle ?? "");
    const left = JSON.parse((await akproxy("sessions", "list", "--json")).stdout);

    expect(all.sessions.map(({ user }) => user)).toEqual(["alice", "alice", "alice"]);
    expect(revoked).toEqual({ stdout: "1 session ended\n", stderr: "", code: 0 });
    expect(left.sessions).toHaveLength(2);
  });

  test("all of a user's sessions end in a running instance that holds them open", async () => {
    for (const id of ["first", "second", "third"]) await instance.get(idOf(id));

    const revoked = await akproxy("sessions", "revoke", "--user", "alice");
    const times = [await untilGone("first"), await untilGone("second"), await untilGone("third")];

    expect(revoked).toEqual({ stdout: "2 sessions ended\n", stderr: "", code: 0 });
    expect(Math.max(...times)).toBeLessThan(1000);
    expect(await instance.count()).toBe(0);
  });

  test("doctor says that the store takes sessions, and leaves no session in it", async () => {
    // without the bytes: the row of doctor's write probe is deleted, and PostgreSQL keeps its space until a vacuum
    const sessions = async () => (await server.size()).split(",")[0];
    const before = await sessions();

    const { stdout } = await akproxy("doctor");

    expect(stdout).toMatch(/ok {4}store .*takes sessions/);
    expect(await sessions()).toBe(before);
  });

  test("a store that does not answer ends sessions with 74, and doctor with a failure", async () => {
    await server.kill();

    const [list, revoke] = [await akproxy("sessions", "list"), await akproxy("sessions", "revoke", "--all")];
    const { stdout } = await akproxy("doctor");

    expect([list.code, list.stdout, revoke.code, revoke.stdout]).toEqual([74, "", 74, ""]);
    expect(stdout).toMatch(/FAIL {2}store /);
  }, 20_000);
});
