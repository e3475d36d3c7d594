/** A user of the toy issuer: claims by name. `sub` is the key in ToyUsers. */
export type ToyClaims = Readonly<Record<string, unknown>>;
export type ToyUsers = Readonly<Record<string, ToyClaims>>;

/** The two users of the demo. */
export const defaultToyUsers: ToyUsers = {
  alice: {
    preferred_username: "alice",
    email: "alice@example.test",
    email_verified: true,
    name: "Alice Example",
    groups: ["admins", "staff"],
    entitlements: ["demo"],
  },
  bob: {
    preferred_username: "bob",
    email: "bob@example.test",
    email_verified: true,
    name: "Bob Example",
    groups: ["staff"],
    entitlements: [],
  },
};

const standardClaims: Readonly<Record<string, readonly string[]>> = {
  openid: ["sub"],
  profile: ["preferred_username", "name", "groups"], // authentik: groups come with `profile`
  email: ["email", "email_verified"],
  entitlements: ["entitlements"],
  ak_proxy: ["ak_proxy"],
};

/** oidc-provider's `claims`: scope -> claims. Claims that are not standard come with `profile`; `extra` names more of them. */
export function claimsByScope(users: ToyUsers, extra: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const known = new Set(Object.values(standardClaims).flat());
  const others = [...extra, ...Object.values(users).flatMap((claims) => Object.keys(claims))].filter(
    (name) => !known.has(name),
  );
  return { ...standardClaims, profile: [...(standardClaims["profile"] ?? []), ...new Set(others)] };
}
