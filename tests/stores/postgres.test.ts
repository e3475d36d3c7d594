import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SessionsConfig } from "../../src/core/config.ts";
import { postgresStatements } from "../../src/sessions/postgres.ts";
import { storeExitCode } from "../../src/sessions/store-failure.ts";
import { makeSelfSigned } from "../../src/tls/self-signed.ts";
import { freePort } from "../fakes/free-port.ts";
import { waitUntil } from "../fakes/waits.ts";
import { has, newSession, openInstance } from "./opened.ts";
import { isServerHere, type StoreServer, startServer } from "./store-server.ts";

type TlsMode = Extract<SessionsConfig, { readonly kind: "postgres" }>["tlsMode"];

async function refusal(config: SessionsConfig) {
  const thrown = await openInstance(config).catch((error: unknown) => error);
  return { message: thrown instanceof Error ? thrown.message : "", code: storeExitCode(thrown) };
}

function postgresTests(): void {
  let server: StoreServer;
  beforeAll(async () => {
    server = await startServer("postgres");
  });
  afterAll(() => server.stop());

  /** Runs statements beside akproxy's. */
  async function beside<Row>(config: SessionsConfig, ...statements: readonly string[]): Promise<readonly Row[]> {
    const sql = new Bun.SQL(config.kind === "postgres" ? config.url : "", { max: 1 });
    let rows: Row[] = [];
    for (const statement of statements) rows = await sql.unsafe<Row[]>(statement);
    await sql.close();
    return rows;
  }

  test("decision 21: an unreachable server is an error at start that names host and port, without the password, with 74", async () => {
    const port = freePort();
    const place = `postgres://127.0.0.1:${port}/db`;
    const url = `postgres://user:canary@127.0.0.1:${port}/db`;

    const { message, code } = await refusal({ ...(await server.newStore()), url, place } as SessionsConfig); // as: still a postgres

    expect(message).toStartWith(`session store "${place}": `);
    expect(message).not.toContain("canary");
    expect(code).toBe(74);
  });

  test("an unknown database or user is an error at start with the server's message, with 74", async () => {
    const config = await server.newStore();
    const other = (name: string) => ({ ...config, url: config.url.replace(/store\d+$/, name) });
    const stranger = { ...config, url: config.url.replace("akproxy@", "stranger:canary@") };

    const [noDatabase, noUser] = [await refusal(other("nowhere")), await refusal(stranger)];

    expect(noDatabase.message).toContain('database "nowhere" does not exist');
    expect(noUser.message).toContain('role "stranger" does not exist');
    expect(noUser.message).not.toContain("canary");
    expect([noDatabase.code, noUser.code]).toEqual([74, 74]);
  });

  test("eight instances that start together create one schema", async () => {
    const config = await server.newStore();

    const stores = await Promise.all(Array.from({ length: 8 }, () => openInstance(config)));
    const session = newSession();
    await stores[0]?.create(session);

    expect(await stores[7]?.get(session.id)).toEqual(session);
    expect(await beside<{ version: number }>(config, "SELECT version FROM akproxy_schema")).toEqual([
      { version: 1 },
    ] as never);
    await Promise.all(stores.map((store) => store.close()));
  });

  test("a user without the right to create tables is enough when they exist; else the start fails with the server's message", async () => {
    const [made, bare] = [await server.newStore(), await server.newStore()];
    await (await openInstance(made)).close();
    await beside(
      made,
      "CREATE ROLE little LOGIN",
      "GRANT SELECT, INSERT, UPDATE, DELETE ON akproxy_sessions TO little",
      "GRANT SELECT ON akproxy_schema TO little",
    );
    const asLittle = (config: typeof made) => ({ ...config, url: config.url.replace("akproxy@", "little@") });

    const store = await openInstance(asLittle(made));
    const session = newSession();
    await store.create(session);

    expect(await store.get(session.id)).toEqual(session);
    expect((await refusal(asLittle(bare))).message).toContain("permission denied");
    await store.close();
  });

  test("sslmode: verify-full checks the authority and the name, verify-ca the authority, require neither", async () => {
    const { certificatePem, keyPem } = makeSelfSigned({ names: ["localhost"], days: 2, now: Date.now() / 1000 });
    const folder = mkdtempSync(join(tmpdir(), "akproxy-postgres-tls-"));
    chmodSync(folder, 0o755);
    const [certificate, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
    writeFileSync(certificate, certificatePem);
    writeFileSync(key, keyPem, { mode: 0o600 });
    if (process.getuid?.() === 0) Bun.spawnSync(["chown", "postgres", key]);
    const settings = ["-c", "ssl=on", "-c", `ssl_cert_file=${certificate}`, "-c", `ssl_key_file=${key}`];
    const guarded = await startServer("postgres", { settings });
    const at = (host: string, tlsMode: TlsMode, certificateAuthorities: string | null): SessionsConfig => {
      const url = `postgres://akproxy@${host}:${guarded.port}/postgres`;
      return { kind: "postgres", url, place: url, tlsMode, certificateAuthorities };
    };
    const outcome = async (config: SessionsConfig) => {
      const store = await openInstance(config).catch(() => null);
      const uses =
        "SELECT bool_and(ssl) AS n FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'akproxy'";
      const secured =
        store === null ? null : (await beside<{ n: boolean }>(at("127.0.0.1", "disable", null), uses))[0]?.n;
      await store?.close();
      await waitUntil(
        async () =>
          (await beside(at("127.0.0.1", "disable", null), uses.replace("bool_and(ssl)", "1")))[0] === undefined,
      );
      return secured;
    };

    const outcomes = [
      await outcome(at("localhost", "verify-full", certificatePem)),
      await outcome(at("127.0.0.1", "verify-full", certificatePem)),
      await outcome(at("localhost", "verify-full", null)),
      await outcome(at("127.0.0.1", "verify-ca", certificatePem)),
      await outcome(at("localhost", "verify-ca", null)),
      await outcome(at("127.0.0.1", "require", null)),
      await outcome(at("127.0.0.1", "disable", null)),
    ];
    await guarded.stop();
    rmSync(folder, { recursive: true });

    expect(outcomes).toEqual([true, null, null, true, null, true, false]);
  });

  test("tables of a newer akproxy are refused", async () => {
    const config = await server.newStore();
    await (await openInstance(config)).close();
    await beside(config, "UPDATE akproxy_schema SET version = 2");

    expect((await refusal(config)).message).toContain("has schema 2, and this akproxy supports 1");
  });

  test("a connection that the server closes fails no request: the statement is sent again", async () => {
    const config = await server.newStore();
    const store = await openInstance(config);
    const sessions = Array.from({ length: 20 }, () => newSession());
    for (const session of sessions) await store.create(session);

    await beside(config, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()");
    const found = await Promise.all(sessions.map((session) => has(store, session)));

    expect(found).not.toContain(false);
    await store.close();
  });

  test("DOS-06: every statement finds its rows by an index", async () => {
    const config = await server.newStore();
    await (await openInstance(config)).close();
    const { insert, ...searching } = postgresStatements;
    const sql = new Bun.SQL(config.kind === "postgres" ? config.url : "", { max: 1 });
    await sql.unsafe("SET enable_seqscan = off");
    const scans: string[] = [];

    for (const [name, text] of Object.entries(searching)) {
      const filled = text.replace(/\$(\d)/g, (_all, n: string) =>
        /\$\d::/.test(text) && text.includes(`$${n}::`) ? "1" : "'1'",
      );
      const plan = await sql.unsafe<{ "QUERY PLAN": string }[]>(`EXPLAIN ${filled}`);
      const lines = plan.map((row) => row["QUERY PLAN"]).join("\n");
      if (/Seq Scan/.test(lines) || !/Index (?:Only )?(?:Scan|Cond)|Index Cond/.test(lines))
        scans.push(`${name}: ${lines}`);
    }
    await sql.close();

    expect(insert).toStartWith("INSERT INTO akproxy_sessions");
    expect(scans).toEqual([]);
  });
}

if (isServerHere("postgres")) describe("a real postgres", postgresTests);
