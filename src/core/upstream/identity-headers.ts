import { foldedName } from "../http/client-headers.ts";
import type { HeaderLine, HeaderLines } from "../http/header-lines.ts";
import { headerValue } from "../http/header-value.ts";
import { additionalNames } from "../identity/ak-proxy-table.ts";
import type { Identity } from "../identity.ts";
import type { Provider } from "../provider.ts";
import { additionalHeaders } from "./additional-headers.ts";
import { basicCredential } from "./basic-injection.ts";
import { sizeWarnings } from "./header-size.ts";

/** What the meta headers say of us; the same for every request of a provider. */
export interface OutpostFacts {
  readonly outpostName: string;
  readonly version: string;
  readonly jwksUri: string;
}

/** Headers to set, and what could not be set as it was asked for: one line each for the log. */
export interface IdentityHeaders {
  readonly lines: HeaderLines;
  readonly warnings: readonly string[];
}

const userHeaderNames = [
  "X-authentik-username",
  "X-authentik-groups",
  "X-authentik-entitlements",
  "X-authentik-email",
  "X-authentik-name",
  "X-authentik-uid",
  "X-authentik-jwt",
] as const;

/**
 * The headers an application gets for somebody who is known: the twelve `X-authentik-*` (always all, empty where a claim is missing),
 * then the Basic credential, then additionalHeaders, each later one replacing an earlier one of the same folded name
 * (authentik: section "headers set for an authenticated user"; decisions 2, 14, 15, 29).
 */
export function identityHeaders(identity: Identity, provider: Provider, outpost: OutpostFacts): IdentityHeaders {
  return madeBefore(ofIdentity, identity, provider, outpost, () => makeHeaders(identity, provider, outpost));
}

/** What was made for one identity, or for nobody at one provider, and from which other facts. */
interface Made<Kept> {
  readonly provider: Provider;
  readonly outpost: OutpostFacts;
  readonly kept: Kept;
}

const ofIdentity = new WeakMap<Identity, Made<IdentityHeaders>>();
const ofOutpost = new WeakMap<Provider, Made<HeaderLines>>();
const ofNobody = new WeakMap<Provider, Made<HeaderLines>>();

/** Made once: a session's identity is the same object from request to request, and its headers change with the config or the issuer only. */
function madeBefore<Key extends object, Kept>(
  before: WeakMap<Key, Made<Kept>>,
  key: Key,
  provider: Provider,
  outpost: OutpostFacts,
  make: () => Kept,
): Kept {
  const known = before.get(key);
  if (known !== undefined && known.provider === provider && isSameOutpost(known.outpost, outpost)) return known.kept;
  const kept = make();
  before.set(key, { provider, outpost, kept });
  return kept;
}

function isSameOutpost(left: OutpostFacts, right: OutpostFacts): boolean {
  if (left === right) return true;
  return left.jwksUri === right.jwksUri && left.outpostName === right.outpostName && left.version === right.version;
}

function makeHeaders(identity: Identity, provider: Provider, outpost: OutpostFacts): IdentityHeaders {
  const encode = (text: string) => headerValue(text, provider.headerEncoding) ?? "";
  const twelve: HeaderLine[] = [
    ["X-authentik-username", encode(identity.username)],
    ["X-authentik-groups", encode(sentGroups(identity, provider).join("|"))],
    ["X-authentik-entitlements", encode(identity.entitlements.join("|"))],
    ["X-authentik-email", encode(identity.email)],
    ["X-authentik-name", encode(identity.name)],
    ["X-authentik-uid", encode(identity.uid)],
    ["X-authentik-jwt", provider.sendJwt ? encode(identity.rawToken) : ""],
    ...metaHeaders(provider, outpost),
  ];
  const basic = basicCredential(identity, provider);
  const additional = additionalHeaders(identity.proxy.userAttributes["additionalHeaders"], provider.headerEncoding);
  const lines = replaceInTurn([...twelve, ...basic.lines, ...additional.lines]);
  return { lines, warnings: [...basic.warnings, ...additional.warnings, ...sizeWarnings(lines)] };
}

/** The groups an application is told of; `allow` and `rules` know them all. */
function sentGroups({ groups }: Identity, { groupsFilter }: Provider): readonly string[] {
  return groupsFilter.patterns.length === 0 ? groups : groups.filter((group) => groupsFilter.match(group) !== null);
}

function metaHeaders(provider: Provider, outpost: OutpostFacts): HeaderLines {
  return madeBefore(ofOutpost, provider, provider, outpost, () => makeMetaHeaders(provider, outpost));
}

function makeMetaHeaders(provider: Provider, outpost: OutpostFacts): HeaderLines {
  return [
    ["X-authentik-meta-jwks", outpost.jwksUri],
    ["X-authentik-meta-outpost", headerValue(outpost.outpostName, provider.headerEncoding) ?? ""],
    ["X-authentik-meta-provider", headerValue(provider.name, provider.headerEncoding) ?? ""],
    ["X-authentik-meta-app", provider.slug],
    ["X-authentik-meta-version", `goauthentik.io/outpost/${outpost.version}`],
  ];
}

/**
 * The twelve for nobody, on a verdict that lets everybody in: user headers and token present and empty (decisions 14 and 30), and so the
 * config's additionalHeaders, in whose place a client's own would be passed on (HDR-06).
 */
export function nobodyHeaders(provider: Provider, outpost: OutpostFacts): HeaderLines {
  const empty = (name: string): HeaderLine => [name, ""];
  return madeBefore(ofNobody, provider, provider, outpost, () =>
    replaceInTurn([
      ...userHeaderNames.map(empty),
      ...metaHeaders(provider, outpost),
      ...additionalNames(provider.akProxy).map(empty),
    ]),
  );
}

/** Later lines replace earlier ones whose names fold together, in the earlier one's place. */
function replaceInTurn(lines: HeaderLines): HeaderLines {
  const byName = new Map<string, HeaderLine>();
  for (const line of lines) byName.set(foldedName(line[0]), line);
  return [...byName.values()];
}
