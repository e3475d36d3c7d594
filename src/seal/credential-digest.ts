import { createHash } from "node:crypto";
import type { HeaderCredential } from "../core/http/header-credential.ts";
import { lengthPrefixed } from "./length-prefixed.ts";

/** By what a credential shown at a provider is remembered: SHA-256 of both, from which neither can be read (M2M-02, M2M-04). */
export function credentialDigest(providerSlug: string, credential: HeaderCredential): string {
  const fields =
    credential.kind === "bearer" ? ["bearer", credential.token] : ["basic", credential.username, credential.password];
  return createHash("sha256")
    .update(lengthPrefixed([providerSlug, ...fields]))
    .digest("base64url");
}
