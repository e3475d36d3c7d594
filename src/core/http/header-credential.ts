import { allValues, type HeaderLines, isBlank, isNamed, trimmed } from "./header-lines.ts";

/** A credential that a program shows in its Authorization header. A secret: never logged, kept only as a digest (M2M-04). */
export type HeaderCredential =
  | { readonly kind: "bearer"; readonly token: string } // RFC 6750 2.1
  | { readonly kind: "basic"; readonly username: string; readonly password: string }; // RFC 7617; neither is empty

export type CredentialScheme = HeaderCredential["kind"];

/** What a request's Authorization header comes to. */
export type ShownCredential =
  | { readonly kind: "none" } //                                                     no header, or a scheme that is the application's business
  | { readonly kind: "shown"; readonly credential: HeaderCredential }
  | { readonly kind: "malformed"; readonly scheme: CredentialScheme } //             refused without asking anybody (M2M-13)
  | { readonly kind: "several" }; //                                                 whose is it? Never answered (M2M-07)

/** The user name by which authentik's clients send a token as a password (authentik: header authentication). */
export const tokenUsername = "goauthentik.io/token";

/**
 * Reads the Authorization header. Lines and credentials that somebody joined with a comma are several: which one counts is not ours to
 * guess, and the application behind may guess differently.
 */
export function shownCredential(headers: HeaderLines): ShownCredential {
  const values = allValues(headers, "authorization");
  if (values.length > 1) return { kind: "several" };
  if (values.length === 0) return { kind: "none" };
  const value = trimmed(values[0] ?? "", isBlank);
  const end = value.search(/[ \t]/);
  const scheme = (end === -1 ? value : value.slice(0, end)).toLowerCase();
  const rest = end === -1 ? "" : trimmed(value.slice(end), isBlank);
  if (/,[ \t]*(?:basic|bearer)[ \t]/i.test(rest)) return { kind: "several" };
  if (scheme !== "bearer" && scheme !== "basic") return { kind: "none" };
  const credential = scheme === "bearer" ? bearerOf(rest) : basicOf(rest);
  return credential === null ? { kind: "malformed", scheme } : { kind: "shown", credential };
}

/** The lines without Authorization: what was consumed here is not the application's to see (decision 16; M2M-08). */
export function withoutAuthorization(headers: HeaderLines): HeaderLines {
  return headers.filter(([name]) => !isNamed(name, "authorization"));
}

/** RFC 6750 2.1: b64token. */
function bearerOf(text: string): HeaderCredential | null {
  return /^[A-Za-z0-9._~+/-]+=*$/.test(text) ? { kind: "bearer", token: text } : null;
}

/** Strict base64 of UTF-8 without controls, divided at the first colon (RFC 7617 2); no password, no question (decision 29). */
function basicOf(text: string): HeaderCredential | null {
  const decoded = utf8Of(text);
  const colon = decoded?.indexOf(":") ?? -1;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 7617 2 forbids them in both
  if (decoded === null || colon < 1 || /[\u0000-\u001f\u007f-\u009f]/.test(decoded)) return null;
  const password = decoded.slice(colon + 1);
  return password === "" ? null : { kind: "basic", username: decoded.slice(0, colon), password };
}

/** Null where the text is no base64 of UTF-8, or one of several spellings of the same bytes. */
function utf8Of(text: string): string | null {
  try {
    const binary = atob(text);
    if (btoa(binary) !== text) return null;
    const bytes = Uint8Array.from(binary, (unit) => unit.charCodeAt(0));
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}
