import { foldedName } from "../http/client-headers.ts";
import type { HeaderLine, HeaderLines } from "../http/header-lines.ts";
import { headerValue } from "../http/header-value.ts";
import { additionalNames } from "../identity/ak-proxy.ts";
import { identityFields, type OutpostField } from "../identity/identity-fields.ts";
import type { Identity } from "../identity.ts";
import type { Provider } from "../provider.ts";
import { additionalHeaders, basicCredential } from "./attribute-headers.ts";

/** The facts of the outpost in the meta headers: the same for every request of a provider. */
export interface OutpostFacts {
  readonly outpostName: string;
  readonly version: string;
  readonly jwksUri: string;
}

/** The headers to set, and a warning for the log for each one that could not be set. */
export interface IdentityHeaders {
  readonly lines: HeaderLines;
  readonly warnings: readonly string[];
}

const userFields = identityFields.filter((field) => field.kind !== "outpost");
const outpostFields = identityFields.filter((field): field is OutpostField => field.kind === "outpost");

/**
 * The headers that an application gets for a user: the identity headers (always all, empty where a claim is missing), then the Basic
 * credential, then additionalHeaders. A later one replaces an earlier one with the same folded name
 * (authentik: section "headers set for an authenticated user"; decisions 2, 14, 15, 29).
 */
export function identityHeaders(identity: Identity, provider: Provider, outpost: OutpostFacts): IdentityHeaders {
  return madeBefore(ofIdentity, identity, provider, outpost, () => makeHeaders(identity, provider, outpost));
}

/** The headers of one identity, or of anonymous requests at one provider, and the facts that they were made from. */
interface Made<Kept> {
  readonly provider: Provider;
  readonly outpost: OutpostFacts;
  readonly kept: Kept;
}

const ofIdentity = new WeakMap<Identity, Made<IdentityHeaders>>();
const ofOutpost = new WeakMap<Provider, Made<HeaderLines>>();
const ofAnonymous = new WeakMap<Provider, Made<HeaderLines>>();

/** Makes the headers once: a session's identity is the same object in every request, and only the config or the issuer changes its headers. */
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
  const ofUser = userFields.map((field): HeaderLine => {
    const value = headerValue(userValue(field, identity, provider), provider.headerEncoding);
    return [field.header, value ?? ""];
  });
  const basic = basicCredential(identity, provider);
  const additional = additionalHeaders(identity.proxy.userAttributes["additionalHeaders"], provider.headerEncoding);
  const lines = replaceInTurn([...ofUser, ...metaHeaders(provider, outpost), ...basic.lines, ...additional.lines]);
  return { lines, warnings: [...basic.warnings, ...additional.warnings, ...sizeWarnings(lines)] };
}

function userValue(field: (typeof userFields)[number], identity: Identity, provider: Provider): string {
  switch (field.kind) {
    case "text":
      return identity[field.key];
    case "list":
      return (field.key === "groups" ? sentGroups(identity, provider) : identity[field.key]).join("|");
    case "token":
      return provider.sendJwt ? identity.rawToken : "";
  }
}

/** The groups that are sent to the application; `allow` and `rules` still see all of them. */
function sentGroups({ groups }: Identity, { groupsFilter }: Provider): readonly string[] {
  return groupsFilter.patterns.length === 0 ? groups : groups.filter((group) => groupsFilter.match(group) !== null);
}

function metaHeaders(provider: Provider, outpost: OutpostFacts): HeaderLines {
  return madeBefore(ofOutpost, provider, provider, outpost, () => makeMetaHeaders(provider, outpost));
}

function makeMetaHeaders(provider: Provider, outpost: OutpostFacts): HeaderLines {
  const encode = (text: string) => headerValue(text, provider.headerEncoding) ?? "";
  const values: Readonly<Record<OutpostField["fact"], string>> = {
    jwksUri: outpost.jwksUri,
    outpostName: encode(outpost.outpostName),
    providerName: encode(provider.name),
    slug: provider.slug,
    version: `goauthentik.io/outpost/${outpost.version}`,
  };
  return outpostFields.map(({ header, fact }) => [header, values[fact]]);
}

/**
 * The identity headers of an anonymous request, on a verdict for a public path: those of the user and the token are present and empty
 * (decisions 14 and 30). The config's additionalHeaders are empty, too: else a client's own would be passed on in their place (HDR-06).
 */
export function anonymousHeaders(provider: Provider, outpost: OutpostFacts): HeaderLines {
  const empty = (name: string): HeaderLine => [name, ""];
  return madeBefore(ofAnonymous, provider, provider, outpost, () =>
    replaceInTurn([
      ...userFields.map(({ header }) => empty(header)),
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

/** The size that many servers accept for the headers of a request: Node and nginx 8 KiB for a line, Tomcat 8 KiB for all. */
const mostBytes = 8 * 1024;

/** A warning if the headers are larger than many applications accept. It names the biggest header, and no value. */
function sizeWarnings(lines: HeaderLines): readonly string[] {
  let total = 0;
  let biggest = { name: "", bytes: 0 };
  for (const [name, value] of lines) {
    const bytes = name.length + value.length + 4; // ": " and the line's end
    total += bytes;
    if (bytes > biggest.bytes) biggest = { name, bytes };
  }
  if (total <= mostBytes) return [];
  const { name, bytes } = biggest;
  return [
    `${total} bytes of identity headers, ${bytes} of them ${name}: many servers refuse more than 8 KiB${remedy(name)}`,
  ];
}

function remedy(name: string): string {
  switch (name.toLowerCase()) {
    case "x-authentik-groups":
      return "; narrow it with groups_filter";
    case "x-authentik-jwt":
      return "; leave it out with send_jwt = false";
    default:
      return "";
  }
}
