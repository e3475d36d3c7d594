/** Who somebody is, read from an issuer's claims once and never again from raw claims (authentik: Claims). */
export interface Identity {
  readonly issuer: string;
  readonly subject: string; //                     `sub`: with the issuer, the key of this person
  readonly uid: string; //                         X-authentik-uid; the claim that `claims.uid` names
  readonly username: string;
  readonly email: string;
  readonly emailVerified: boolean | null; //       null: the issuer does not say
  readonly name: string;
  readonly groups: readonly string[];
  readonly entitlements: readonly string[];
  readonly areGroupsLeftOut: boolean; //           the issuer says that they are too many for a token (Entra: groups overage)
  readonly claims: Readonly<Record<string, readonly string[]>>; // those that `allow` and `rules` name, as texts
  readonly idpSession: string | null; //           `sid`, for back-channel logout
  readonly rawToken: string; //                    X-authentik-jwt and id_token_hint
  readonly proxy: ProxyAttributes;
}

/** The `ak_proxy` claim, checked (proxy-provider.txt: additional headers, dynamic backend selection, host header). */
export interface ProxyAttributes {
  readonly backendOverride: string | null;
  readonly hostHeader: string | null;
  readonly userAttributes: Readonly<Record<string, unknown>>; // unknown: authentik lets attributes be any JSON
}
