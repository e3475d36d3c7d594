import { randomBytes } from "node:crypto";
import { noClaimedFields } from "../../src/core/identity/identity-fields.ts";
import { openKeys } from "../../src/seal/keys.ts";
import { randomToken } from "../../src/seal/random-token.ts";
import { sealSessionCookie } from "../../src/seal/session-cookie.ts";
import { openSessions } from "../../src/sessions/open.ts";

/** Lays `count` sessions of as many people at one provider into a SQLite store; the values of their cookies. */
export async function seedSessions(
  file: string,
  secret: string,
  slug: string,
  count: number,
): Promise<readonly string[]> {
  const keys = openKeys([secret]);
  const now = Math.floor(Date.now() / 1000);
  const store = await openSessions({ kind: "sqlite", file }, { keys, now: () => now, randomBytes });
  const values: string[] = [];
  for (let index = 0; index < count; index++) {
    const id = randomToken(randomBytes);
    const username = `user${index}`;
    const session = {
      id,
      providerSlug: slug,
      createdAt: now,
      lastSeenAt: now,
      expiresAt: now + 86_400,
      idleSeconds: 0,
      refresh: null,
      version: 1,
      identity: {
        ...noClaimedFields,
        issuer: "http://127.0.0.1:1",
        subject: username,
        uid: username,
        username,
        email: `${username}@example.test`,
        emailVerified: null,
        name: `User ${index}`,
        groups: ["admins", "staff"],
        entitlements: ["demo"],
        areGroupsLeftOut: false,
        claims: {},
        idpSession: null,
        rawToken: "e".repeat(900), //              as long as an id_token of the toy issuer's
        proxy: { backendOverride: null, hostHeader: null, userAttributes: {} },
      },
    };
    await store.create(session);
    values.push(sealSessionCookie(keys, slug, id));
  }
  await store.close();
  return values;
}
