import { randomBytes } from "node:crypto";
import { openKeys } from "../../src/seal/keys.ts";
import { openSessions } from "../../src/sessions/open.ts";
import { sessionStoreContract } from "../contract/session-store.ts";

const keys = openKeys(["a secret of the outpost, long enough"]);

sessionStoreContract("memory", (given) => openSessions({ kind: "memory" }, { keys, randomBytes, ...given }));
