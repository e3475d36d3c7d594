/**
 * A header about the user or the outpost. `text` and `list` come from a claim of the user, whose path the config
 * may set under `claims.KEY`; a list is joined by `|`. `token` is the id_token. `outpost` is the same for every user.
 */
export type IdentityField =
  | (Header & { readonly kind: "text" | "list"; readonly key: string; readonly claim: string })
  | (Header & { readonly kind: "token" })
  | (Header & { readonly kind: "outpost"; readonly fact: string });

interface Header {
  readonly header: string;
  readonly description: string; //                 Markdown, for README
}

/**
 * The identity headers, one row each, in the order in which they are sent (authentik: headers set for a user). The headers, the snippets, the
 * config's `claims`, the fields of an Identity, the session records and README's table all read these rows.
 */
export const identityFields = [
  {
    kind: "text",
    header: "X-authentik-username",
    key: "username",
    claim: "preferred_username",
    description: "user name",
  },
  {
    kind: "list",
    header: "X-authentik-groups",
    key: "groups",
    claim: "groups",
    description: "names of the user's groups, joined by `\\|`; `groups_filter` narrows it",
  },
  {
    kind: "list",
    header: "X-authentik-entitlements",
    key: "entitlements",
    claim: "entitlements",
    description: "names of the user's entitlements, joined by `\\|`",
  },
  { kind: "text", header: "X-authentik-email", key: "email", claim: "email", description: "e-mail address" },
  { kind: "text", header: "X-authentik-name", key: "name", claim: "name", description: "full name" },
  {
    kind: "text",
    header: "X-authentik-uid",
    key: "uid",
    claim: "sub",
    description: "the issuer's stable identifier of the user",
  },
  {
    kind: "token",
    header: "X-authentik-jwt",
    description: "the id_token; empty for a bearer token, and with `send_jwt = false`",
  },
  {
    kind: "outpost",
    header: "X-authentik-meta-jwks",
    fact: "jwksUri",
    description: "URL of the keys that verify the id_token",
  },
  { kind: "outpost", header: "X-authentik-meta-outpost", fact: "outpostName", description: "name of the outpost" },
  { kind: "outpost", header: "X-authentik-meta-provider", fact: "providerName", description: "name of the provider" },
  { kind: "outpost", header: "X-authentik-meta-app", fact: "slug", description: "slug of the provider" },
  {
    kind: "outpost",
    header: "X-authentik-meta-version",
    fact: "version",
    description: "`goauthentik.io/outpost/` and akproxy's version",
  },
] as const satisfies readonly IdentityField[];

type Row = (typeof identityFields)[number];

/** A row that a claim of the user feeds. */
export type ClaimField = Extract<Row, { readonly kind: "text" | "list" }>;
/** A row about the outpost. */
export type OutpostField = Extract<Row, { readonly kind: "outpost" }>;

export type ClaimKey = ClaimField["key"];
export type TextKey = Extract<Row, { readonly kind: "text" }>["key"];
export type ListKey = Extract<Row, { readonly kind: "list" }>["key"];

/** The claim that feeds each of these rows, as a path: `a.b` is `b` inside `a`; "" means no claim (spec: [providers.X.claims]). */
export type ClaimPaths = Readonly<Record<ClaimKey, string>>;

/** The values of the claims of a user, one for each row that a claim feeds. A missing claim is "" or an empty list. */
export type ClaimedFields = { readonly [Key in TextKey]: string } & { readonly [Key in ListKey]: readonly string[] };

/** The names of the headers. A 2xx verdict has all of them, and a reverse proxy must copy all of them (HDR-14). */
export const identityHeaderNames: readonly string[] = identityFields.map(({ header }) => header);

/** The rows that a claim feeds. */
export const claimFields: readonly ClaimField[] = identityFields.filter(
  (field): field is ClaimField => field.kind === "text" || field.kind === "list",
);

/** One value of its kind for each row that a claim feeds. */
export function claimedFields(
  text: (key: TextKey) => string,
  list: (key: ListKey) => readonly string[],
): ClaimedFields {
  const made = (field: ClaimField) => (field.kind === "text" ? text(field.key) : list(field.key));
  const entries = claimFields.map((field) => [field.key, made(field)]);
  return Object.fromEntries(entries) as ClaimedFields; // as: each key of the rows has a value of its kind
}

/** No claim at all. */
export const noClaimedFields: ClaimedFields = claimedFields(
  () => "",
  () => [],
);

/** One value for each row that a claim feeds, whatever its kind. */
export function byClaimKey<Value>(make: (field: ClaimField) => Value): Readonly<Record<ClaimKey, Value>> {
  const entries = claimFields.map((field) => [field.key, make(field)]);
  return Object.fromEntries(entries) as Record<ClaimKey, Value>; // as: each key of the rows has a value
}
