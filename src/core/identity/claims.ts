import { hasControlCharacter, withoutControlCharacters } from "../http/control-characters.ts";
import type { Identity, ProxyAttributes } from "../identity.ts";
import { type ClaimPaths, claimedFields } from "./identity-fields.ts";

/** Claims as JSON.parse returned them: an object, with nothing else checked. */
export type Claims = Readonly<Record<string, unknown>>;

/** An identity and its warnings, or why the login is refused. No warning or reason contains a claim's value. */
export type IdentityOutcome =
  | { readonly kind: "identity"; readonly identity: Identity; readonly warnings: readonly string[] }
  | { readonly kind: "refused"; readonly reason: string };

const maxListItems = 10_000;
const maxDepth = 16;

/**
 * The identity that the claims describe (authentik: claims read; HDR-10, HDR-11, JWT-09). A scalar is a string or empty, with control
 * characters removed. A list is an array of strings or one string; an item with a control character or `|` is dropped, because without them
 * it could be the name of another group. `sub` must be a string; `ak_proxy` of the wrong type is ignored.
 */
export function identityFromClaims(
  claims: Claims,
  paths: ClaimPaths,
  issuer: string,
  rawToken: string,
): IdentityOutcome {
  const warnings: string[] = [];
  const subject = claimAt(claims, "sub");
  if (typeof subject !== "string" || subject === "") return refused('claim "sub" is not a non-empty string');
  if (hasControls(subject)) return refused('claim "sub" holds control characters');
  const given = objectOrNothing(claimAt(claims, "ak_proxy"), "ak_proxy", warnings);
  // to remove the characters would send the user to a place that the issuer did not name (decision 22: every failure closes)
  if (hasControls(given["backend_override"]) || hasControls(given["host_header"])) {
    return refused('claim "ak_proxy" holds control characters in backend_override or host_header');
  }
  const identity: Identity = {
    issuer,
    subject,
    ...claimedFields(
      (key) => textClaim(claims, paths[key], warnings),
      (key) => listClaim(claims, paths[key], warnings),
    ),
    emailVerified: verifiedClaim(claimAt(claims, "email_verified")),
    areGroupsLeftOut: isLeftOut(claims, paths.groups),
    claims: {},
    idpSession: textClaim(claims, "sid", warnings) || null,
    rawToken,
    proxy: proxyAttributes(given, warnings),
  };
  return { kind: "identity", identity, warnings };
}

/** The paths without a value in `claims`: userinfo may have them (decision 4). */
export function missingClaims(claims: Claims, wanted: readonly string[]): readonly string[] {
  return wanted.filter((path) => path !== "" && claimAt(claims, path) === null);
}

/** `first`, its absent and null claims filled from `second`; an object without a prototype. */
export function mergedClaims(first: Claims, second: Claims): Claims {
  const merged: Record<string, unknown> = Object.create(null);
  for (const [name, value] of [...Object.entries(second), ...Object.entries(first)]) {
    if (value !== null && value !== undefined) merged[name] = value;
  }
  return merged;
}

/**
 * The value at a path; null: there is none. At every level a key that contains dots wins over a path through them:
 * `https://app.example/roles` is one key, `resource_access.my.client.roles` finds the key `my.client`.
 */
export function claimAt(claims: Claims, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path] ?? null;
  for (let dot = path.lastIndexOf("."); dot > 0; dot = path.lastIndexOf(".", dot - 1)) {
    const key = path.slice(0, dot);
    const inner = Object.hasOwn(claims, key) ? claims[key] : null;
    const found = isObject(inner) ? claimAt(inner, path.slice(dot + 1)) : null;
    if (found !== null) return found;
  }
  return null;
}

/** A boolean (OIDC Core 5.1); some issuers send it as a string. */
function verifiedClaim(value: unknown): boolean | null {
  if (typeof value === "boolean") return value;
  if (value === "true" || value === "false") return value === "true";
  return null;
}

/** Does the issuer say that the claim is elsewhere? Entra ID does for a user with too many groups (OIDC Core 5.6.2). */
function isLeftOut(claims: Claims, path: string): boolean {
  if (path === "" || claimAt(claims, path) !== null) return false;
  const names = claimAt(claims, "_claim_names");
  const [first = ""] = path.split(".");
  if (isObject(names) && (Object.hasOwn(names, path) || Object.hasOwn(names, first))) return true;
  return path === "groups" && String(claimAt(claims, "hasgroups")) === "true";
}

function refused(reason: string): IdentityOutcome {
  return { kind: "refused", reason };
}

function textClaim(claims: Claims, path: string, warnings: string[]): string {
  const value = claimAt(claims, path);
  if (value === null) return "";
  if (typeof value !== "string") {
    warnings.push(`claim "${path}" is not a string and is left empty`);
    return "";
  }
  const clean = withoutControls(value);
  if (clean !== value) warnings.push(`claim "${path}" held control characters, which are removed`);
  return clean;
}

function listClaim(claims: Claims, path: string, warnings: string[]): readonly string[] {
  const value = claimAt(claims, path);
  if (value === null) return [];
  const items = typeof value === "string" ? [value] : itemsOf(value);
  if (items === null) {
    warnings.push(`claim "${path}" is not an array of strings and is left empty`);
    return [];
  }
  const kept = items.slice(0, maxListItems).filter((item) => typeof item === "string" && item !== "" && isWhole(item));
  if (kept.length < items.length) {
    const why = `not a string, empty, with "|" or a control character, or past the first ${maxListItems}`;
    warnings.push(`claim "${path}": ${items.length - kept.length} of ${items.length} items dropped (${why})`);
  }
  return kept.map((item) => String(item).toWellFormed());
}

/**
 * The items of a claim that is a list; null: it is not a list. An object of objects is the list of its keys: Zitadel lists under each role
 * of a user the organisations that granted it.
 */
export function itemsOf(value: unknown): readonly unknown[] | null {
  if (Array.isArray(value)) return value;
  const isKeyed = isObject(value) && Object.values(value).every(isObject) && Object.keys(value).length > 0;
  return isKeyed ? Object.keys(value) : null;
}

/** Can it be an item of a header that joins its items by `|`? (authentik: X-authentik-groups) */
function isWhole(item: string): boolean {
  return !item.includes("|") && !hasControls(item);
}

function proxyAttributes(given: Claims, warnings: string[]): ProxyAttributes {
  const attributes = objectOrNothing(given["user_attributes"] ?? null, "ak_proxy.user_attributes", warnings);
  const override = textClaim(given, "backend_override", warnings);
  const host = textClaim(given, "host_header", warnings);
  return {
    backendOverride: override || null,
    hostHeader: host || null,
    userAttributes: cleanObject(attributes, 0),
  };
}

function objectOrNothing(value: unknown, path: string, warnings: string[]): Claims {
  if (isObject(value)) return value;
  if (value !== null) warnings.push(`claim "${path}" is not an object and is ignored`);
  return {};
}

function isObject(value: unknown): value is Claims {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A copy without a prototype, without keys that reach one, and with cleaned strings. A value deeper than `maxDepth` is null. */
function cleanObject(value: Claims, depth: number): Claims {
  const copy: Record<string, unknown> = Object.create(null);
  for (const [key, inner] of Object.entries(value)) {
    if (key !== "__proto__" && key !== "constructor" && key !== "prototype") copy[key] = cleanValue(inner, depth + 1);
  }
  return copy;
}

function cleanValue(value: unknown, depth: number): unknown {
  if (typeof value === "string") return withoutControls(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth > maxDepth) return null;
  if (Array.isArray(value)) return value.map((inner: unknown) => cleanValue(inner, depth + 1));
  return isObject(value) ? cleanObject(value, depth) : null;
}

function hasControls(value: unknown): boolean {
  return typeof value === "string" && hasControlCharacter(value);
}

function withoutControls(text: string): string {
  return withoutControlCharacters(text).toWellFormed();
}
