import { claimFields, noClaimedFields } from "../core/identity/identity-fields.ts";
import type { Identity, ProxyAttributes } from "../core/identity.ts";
import type { Session, SessionRefresh } from "../core/session.ts";
import { digestOf, lengthPrefixed, macOf } from "../seal/digest.ts";
import type { Keys } from "../seal/keys.ts";
import type { RandomBytes } from "../seal/random-token.ts";
import { openBox, sealBox } from "../seal/sealed-box.ts";
import type { SessionRow } from "./rows.ts";

/** The part of a session that is sealed with the outpost's secret alone, for the list of sessions (decision 34). */
export interface SealedSummary {
  readonly username: string;
  readonly providerSlug: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** The first byte of the records we seal. 2 is 1 with `refresh` in the body. */
const recordVersion = 2;

/** The versions we open. A record of another version counts as no session, not as an error. */
const readableVersions: readonly (number | undefined)[] = [1, 2];

/** The key of a session's row. The id itself is never stored (security: a copy of the store does not give away sessions). */
export function rowKey(id: string): string {
  return digestOf(id);
}

/** The index keys of a user's sessions: one per secret, the sealing secret first. */
export function subjectKeys(keys: Keys, issuer: string, subject: string): readonly [string, ...string[]] {
  return indexKeys(keys.derive("subject index"), issuer, subject);
}

/** The index keys of the sessions of one session at the issuer (`sid`): one per secret, the sealing secret first. */
export function idpSessionKeys(keys: Keys, issuer: string, idpSession: string): readonly [string, ...string[]] {
  return indexKeys(keys.derive("idp session index"), issuer, idpSession);
}

/** The row of a session. The key of the body is derived with the session id, which is not in the store; the key of the summary is not. */
export function sealSession(session: Session, keys: Keys, randomBytes: RandomBytes): SessionRow {
  const { id, identity, providerSlug, createdAt, expiresAt, idleSeconds, lastSeenAt, refresh, version } = session;
  const key = rowKey(id);
  const summary: SealedSummary = { username: identity.username, providerSlug, createdAt, expiresAt };
  const body: StoredBody = { providerSlug, createdAt, expiresAt, idleSeconds, identity, refresh };
  const [summaryKey] = keys.derive("session summary");
  const [bodyKey] = keys.derive("session body");
  return {
    key,
    subjectKeys: {
      subject: subjectKeys(keys, identity.issuer, identity.subject)[0],
      idpSession: identity.idpSession === null ? null : idpSessionKeys(keys, identity.issuer, identity.idpSession)[0],
    },
    expiresAt,
    idleSeconds,
    lastSeenAt,
    version,
    summary: sealRecord(summaryKey, contextOf("summary", key, recordVersion), summary, randomBytes),
    body: sealRecord(keyOfBody(bodyKey, id), contextOf("body", key, recordVersion), body, randomBytes),
  };
}

/** The session in a row if `id` is its id and one of our secrets sealed it; else null. Its limits are not checked. */
export function openSession(row: SessionRow, id: string, keys: Keys): Session | null {
  for (const bodyKey of keys.derive("session body")) {
    const body = openRecord(keyOfBody(bodyKey, id), contextOf("body", rowKey(id), row.body[0]), row.body);
    if (!isBody(body)) continue;
    const identity = { ...noClaimedFields, ...laterClaims, ...body.identity };
    return { id, ...body, identity, refresh: body.refresh ?? null, lastSeenAt: row.lastSeenAt, version: row.version };
  }
  return null;
}

/** The summary in a row if one of our secrets sealed it; else null. */
export function openSummary(row: Pick<SessionRow, "key" | "summary">, keys: Keys): SealedSummary | null {
  for (const key of keys.derive("session summary")) {
    const summary = openRecord(key, contextOf("summary", row.key, row.summary[0]), row.summary);
    if (isSummary(summary)) return summary;
  }
  return null;
}

/** Defaults for records that an older akproxy sealed without these fields. A claim field that is newer than the record is empty too. */
const laterClaims = { emailVerified: null, areGroupsLeftOut: false, claims: {} } as const;

type StoredBody = Omit<Session, "id" | "lastSeenAt" | "version" | "refresh"> & {
  readonly refresh?: SessionRefresh | null; //     absent in a record of version 1
};

function indexKeys(keys: readonly [Uint8Array, ...Uint8Array[]], issuer: string, name: string) {
  const keyOf = (key: Uint8Array) => Buffer.from(macOf(key, [issuer, name])).toString("base64url");
  const [first, ...others] = keys;
  return [keyOf(first), ...others.map(keyOf)] as const;
}

function keyOfBody(bodyKey: Uint8Array, id: string): Uint8Array {
  return macOf(bodyKey, ["akproxy session body", id]);
}

function contextOf(part: "summary" | "body", key: string, version: number | undefined): Uint8Array {
  return lengthPrefixed([`akproxy session ${part}`, String(version), key]);
}

function sealRecord(
  key: Uint8Array,
  context: Uint8Array,
  value: SealedSummary | StoredBody,
  randomBytes: RandomBytes,
): Uint8Array {
  const plain = new TextEncoder().encode(JSON.stringify(value));
  return Buffer.concat([Uint8Array.of(recordVersion), sealBox(key, context, plain, randomBytes)]);
}

function openRecord(key: Uint8Array, context: Uint8Array, record: Uint8Array): unknown {
  if (!readableVersions.includes(record[0])) return null;
  const plain = openBox(key, context, record.subarray(1));
  return plain === null ? null : JSON.parse(new TextDecoder().decode(plain));
}

function isSummary(value: unknown): value is SealedSummary {
  return (
    isObject(value) && hasTexts(value, ["username", "providerSlug"]) && hasTimes(value, ["createdAt", "expiresAt"])
  );
}

function isBody(value: unknown): value is StoredBody {
  return (
    isObject(value) &&
    hasTexts(value, ["providerSlug"]) &&
    hasTimes(value, ["createdAt", "expiresAt", "idleSeconds"]) &&
    isIdentity(value["identity"]) &&
    isRefresh(value["refresh"])
  );
}

function isRefresh(value: unknown): value is SessionRefresh | null | undefined {
  return (
    value === undefined ||
    value === null ||
    (isObject(value) && hasTexts(value, ["token"]) && hasTimes(value, ["dueAt"]))
  );
}

function isIdentity(value: unknown): value is Identity {
  return (
    isObject(value) &&
    hasTexts(value, ["issuer", "subject", "rawToken"]) &&
    claimFields.every(({ kind, key }) => isClaimedOrAbsent(kind, value[key])) &&
    isTextOrNull(value["idpSession"]) &&
    [null, undefined, true, false].includes(value["emailVerified"] as boolean | null | undefined) && // as: only compared
    isTextListsOrAbsent(value["claims"]) &&
    isProxyAttributes(value["proxy"])
  );
}

function isProxyAttributes(value: unknown): value is ProxyAttributes {
  return (
    isObject(value) &&
    isTextOrNull(value["backendOverride"]) &&
    isTextOrNull(value["hostHeader"]) &&
    isObject(value["userAttributes"])
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === "string";
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((member) => typeof member === "string");
}

function isClaimedOrAbsent(kind: "text" | "list", value: unknown): boolean {
  return value === undefined || (kind === "text" ? typeof value === "string" : isTextList(value));
}

function isTextListsOrAbsent(value: unknown): boolean {
  return value === undefined || (isObject(value) && Object.values(value).every(isTextList));
}

function hasTexts(value: Record<string, unknown>, names: readonly string[]): boolean {
  return names.every((name) => typeof value[name] === "string");
}

function hasTimes(value: Record<string, unknown>, names: readonly string[]): boolean {
  return names.every((name) => Number.isFinite(value[name]));
}
