import { Failure } from "../core/failure.ts";
import type { RandomBytes } from "../seal/random-token.ts";
import type { SessionRow, SessionRows } from "./rows.ts";

/** About as large as a session: a disk that is nearly full may still have room for a small row. */
const bodyBytes = 8192;

const keyBytes = 32;

/**
 * Writes, reads and deletes a row as a login and a sign-out do, the announcement to the other instances included. Throws
 * `Failure("store_unavailable")` with the store's own error when one of these fails. The row has expired from the start: no list, count or
 * request ever includes it, and a sweep removes it if this process ends in between.
 */
export async function probeRows(rows: SessionRows, randomBytes: RandomBytes): Promise<void> {
  const row = probeRow(randomBytes);
  try {
    await rows.insert(row);
    await rows.trim(row.subjectKeys.subject, 1);
    if ((await rows.find(row.key)) === null) {
      throw new Failure("store_unavailable", "session store: a row is gone right after it was written");
    }
  } catch (thrown) {
    await rows.remove(row.key).catch(() => {}); // the first error is the one to report; the sweep removes what is left
    throw thrown;
  }
  await rows.remove(row.key);
}

function probeRow(randomBytes: RandomBytes): SessionRow {
  const random = () => Buffer.from(randomBytes(keyBytes)).toString("base64url");
  return {
    key: random(),
    subjectKeys: { subject: random(), idpSession: random() },
    expiresAt: 1,
    idleSeconds: 0,
    lastSeenAt: 0,
    version: 1,
    summary: new Uint8Array(1),
    body: randomBytes(bodyBytes),
  };
}
