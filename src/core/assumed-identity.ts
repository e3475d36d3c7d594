import type { Identity } from "./identity.ts";

/** What is said of somebody who is only thought of: `expect.as` of the config, `--as` of explain. */
export interface Assumed {
  readonly username: string;
  readonly groups: readonly string[];
  readonly email: string;
  readonly claims: Readonly<Record<string, readonly string[]>>;
}

/** The identity of somebody of whom only this is known; everything else is empty. */
export function assumedIdentity({ username, groups, email, claims }: Assumed): Identity {
  return {
    issuer: "",
    subject: "",
    uid: "",
    username,
    email,
    emailVerified: null,
    name: "",
    groups,
    entitlements: [],
    areGroupsLeftOut: false,
    claims,
    idpSession: null,
    rawToken: "",
    proxy: { backendOverride: null, hostHeader: null, userAttributes: {} },
  };
}
