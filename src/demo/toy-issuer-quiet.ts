let quiet = false;

/**
 * Keeps oidc-provider's advice to operators ("Unsupported runtime", "quick start in-memory adapter") off the terminal; what anybody
 * else says passes. The package writes by console.info and console.warn while it is loaded and has no switch for that.
 */
export function hushOidcProvider(): void {
  if (quiet) return;
  quiet = true;
  const terminal = globalThis.console;
  for (const level of ["info", "warn"] as const) {
    const say = terminal[level].bind(terminal);
    terminal[level] = (...words: unknown[]) => {
      if (!String(words[0]).includes("oidc-provider ")) say(...words);
    };
  }
}
