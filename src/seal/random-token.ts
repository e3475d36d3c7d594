/** `count` bytes from a cryptographic source; injected, so that tests can be exact. */
export type RandomBytes = (count: number) => Uint8Array;

/** 256 random bits as 43 characters of base64url: a session id, a state, a nonce, a PKCE verifier. */
export function randomToken(randomBytes: RandomBytes): string {
  return Buffer.from(randomBytes(32)).toString("base64url");
}

/** The bytes that are read from the source at once, and the largest request that the pool serves: ids and tokens. */
const poolBytes = 4096;
const mostPooled = 64;

/**
 * The source, read in blocks of 4 KiB: a small read costs more than its bytes, and every request needs an id. No byte is returned twice, and
 * returned bytes are erased from the pool.
 */
export function pooled(source: RandomBytes): RandomBytes {
  let pool = new Uint8Array(0);
  let at = 0;
  return (count) => {
    if (count > mostPooled) return source(count);
    if (at + count > pool.length) {
      pool = new Uint8Array(source(poolBytes));
      at = 0;
    }
    const given = pool.slice(at, at + count);
    pool.fill(0, at, at + count);
    at += count;
    return given;
  };
}
