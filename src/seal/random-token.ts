/** `count` bytes from a cryptographic source; injected, so that tests can be exact. */
export type RandomBytes = (count: number) => Uint8Array;

/** 256 random bits as 43 characters of base64url: a session id, a state, a nonce, a PKCE verifier. */
export function randomToken(randomBytes: RandomBytes): string {
  return Buffer.from(randomBytes(32)).toString("base64url");
}
