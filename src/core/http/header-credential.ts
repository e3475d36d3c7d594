import { hasControlCharacter } from "./control-characters.ts";
import { allValues, type HeaderLines, isBlank, isNamed, trimmed } from "./header-lines.ts";

/** A credential that a program sends in its Authorization header. It is a secret: never logged, and cached only as a digest (M2M-04). */
export type HeaderCredential =
  | { readonly kind: "bearer"; readonly token: string } // RFC 6750 2.1
  | { readonly kind: "basic"; readonly username: string; readonly password: string }; // RFC 7617; neither is empty

export type CredentialScheme = HeaderCredential["kind"];

/** The result of reading a request's Authorization header. */
export type ShownCredential =
  | { readonly kind: "none" } //                                                     no header, or a scheme that only the application reads
  | { readonly kind: "shown"; readonly credential: HeaderCredential }
  | { readonly kind: "malformed"; readonly scheme: CredentialScheme } //             refused without asking the issuer (M2M-13)
  | { readonly kind: "several" }; //                                                 ambiguous: always refused (M2M-07)

/** The user name with which authentik's clients send a token as the password (authentik: header authentication). */
export const tokenUsername = "goauthentik.io/token";

/**
 * Reads the Authorization header. Several lines, or credentials joined with a comma, are `several`: akproxy does not guess which one counts,
 * because the application may choose another.
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

/** The lines without Authorization: the application does not see a credential that akproxy consumed (decision 16; M2M-08). */
export function withoutAuthorization(headers: HeaderLines): HeaderLines {
  return headers.filter(([name]) => !isNamed(name, "authorization"));
}

/** RFC 6750 2.1: b64token. */
function bearerOf(text: string): HeaderCredential | null {
  return /^[A-Za-z0-9._~+/-]+=*$/.test(text) ? { kind: "bearer", token: text } : null;
}

/** Strict base64 of UTF-8 without control characters, split at the first colon (RFC 7617 2). An empty password is refused (decision 29). */
function basicOf(text: string): HeaderCredential | null {
  const decoded = utf8Of(text);
  const colon = decoded?.indexOf(":") ?? -1;
  if (decoded === null || colon < 1 || hasControlCharacter(decoded)) return null;
  const password = decoded.slice(colon + 1);
  return password === "" ? null : { kind: "basic", username: decoded.slice(0, colon), password };
}

/** Null when the text is not base64 of UTF-8, or not the one canonical spelling of its bytes. */
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
