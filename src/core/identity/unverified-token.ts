/** Whose token it says it is, and for whom. Nobody has verified it: good for choosing who does, and for nothing else. */
export interface UnverifiedToken {
  readonly issuer: string;
  readonly audiences: readonly string[];
}

/** Reads `iss` and `aud` of a compact JWS; null when it is none that can be read. */
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
