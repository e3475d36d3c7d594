/** The issuer and audiences that a token names. They are not verified: use them only to choose the provider that verifies the token. */
export interface UnverifiedToken {
  readonly issuer: string;
  readonly audiences: readonly string[];
}

/** Reads `iss` and `aud` of a compact JWS; null: it is not readable. */
export function unverifiedToken(token: string): UnverifiedToken | null {
  const claims = payloadOf(token);
  if (typeof claims !== "object" || claims === null) return null;
  const issuer = "iss" in claims ? claims.iss : null;
  const audience = "aud" in claims ? claims.aud : null;
  if (typeof issuer !== "string") return null;
  const audiences: readonly unknown[] = Array.isArray(audience) ? audience : [audience];
  return { issuer, audiences: audiences.filter((one) => typeof one === "string") };
}

function payloadOf(token: string): unknown {
  try {
    const binary = atob((token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/"));
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(binary, (unit) => unit.charCodeAt(0))));
  } catch {
    return null;
  }
}
