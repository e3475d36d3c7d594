/** The headers of every 2xx verdict, as reverse proxies must copy them: always all (authentik: headers set for a user; HDR-14). */
export const identityNames: readonly string[] = [
  "X-authentik-username",
  "X-authentik-groups",
  "X-authentik-entitlements",
  "X-authentik-email",
  "X-authentik-name",
  "X-authentik-uid",
  "X-authentik-jwt",
  "X-authentik-meta-jwks",
  "X-authentik-meta-outpost",
  "X-authentik-meta-provider",
  "X-authentik-meta-app",
  "X-authentik-meta-version",
];

/** The spellings of `X-authentik-` that any server folds together, as a regular expression every proxy here understands (HDR-03, HDR-04). */
export const foldedIdentityPattern = "^[Xx][^A-Za-z0-9][Aa][Uu][Tt][Hh][Ee][Nn][Tt][Ii][Kk][^A-Za-z0-9]";
