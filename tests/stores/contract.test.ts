import { afterAll, beforeAll, describe } from "bun:test";
import { randomBytes } from "node:crypto";
import { openKeys } from "../../src/seal/keys.ts";
import { openSessions } from "../../src/sessions/open.ts";
import { sessionStoreContract } from "../contract/session-store.ts";
import { isServerHere, type ServerName, type StoreServer, startServer } from "./store-server.ts";

const keys = openKeys(["a secret of the outpost, long enough"]);

function contractOn(name: ServerName): void {
  describe(`a real ${name}`, () => {
    let server: StoreServer;
    beforeAll(async () => {
      server = await startServer(name);
    });
    afterAll(() => server.stop());

    sessionStoreContract(name, async (given) => openSessions(await server.newStore(), { keys, randomBytes, ...given }));
  });
}

if (isServerHere("redis")) contractOn("redis");
if (isServerHere("postgres")) contractOn("postgres");
