import { foldedName } from "../http/client-headers.ts";
import { isForwardedName } from "../http/forwarded.ts";
import type { HeaderLine, HeaderLines } from "../http/header-lines.ts";
import { headerValue } from "../http/header-value.ts";
import { isHopByHop } from "../http/hop-by-hop.ts";
import type { Identity } from "../identity.ts";
import { printable } from "../printable.ts";
import type { HeaderEncoding, Provider } from "../provider.ts";

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/; //   RFC 9110 5.6.2

/** Names that only akproxy, or the message itself, may set (decision 15; HDR-13). */
const reserved: ReadonlySet<string> = new Set(["host", "cookie", "set-cookie", "content-length"]);

/**
 * The `additionalHeaders` attribute as header lines: strings as they are, numbers and booleans as text. Any other value is left out with a
 * warning. They may replace the user headers, as authentik documents, but never `X-authentik-meta-*`.
 */
export function additionalHeaders(
  attribute: unknown, //                           any JSON: authentik does not restrict attributes
  encoding: HeaderEncoding,
): { readonly lines: HeaderLines; readonly warnings: readonly string[] } {
  if (attribute === undefined || attribute === null) return { lines: [], warnings: [] };
  if (typeof attribute !== "object" || Array.isArray(attribute)) {
    return { lines: [], warnings: ["additionalHeaders is not an object of names and values: ignored"] };
  }
  const lines: HeaderLine[] = [];
  const warnings: string[] = [];
  for (const [name, raw] of Object.entries(attribute)) {
    const problem = additionalNameProblem(name);
    const value = textOf(raw, encoding);
    if (problem !== null) warnings.push(`additionalHeaders: "${printable(name.slice(0, 64))}" ${problem}: not sent`);
    else if (value === null)
      warnings.push(
        `additionalHeaders: the value of "${name}" is not a text, number or boolean, or has control characters: not sent`,
      );
    else lines.push([name, value]);
  }
  return { lines, warnings };
}

/** Why attributes may not set a header, as a clause; null: they may (decision 15; HDR-13). */
export function additionalNameProblem(name: string): string | null {
  if (!token.test(name)) return "is not a header name";
  const folded = foldedName(name);
  if (folded.startsWith("x-authentik-meta-")) return "may be set by akproxy only";
  if (isForwardedName(folded)) return "is a forwarding header";
  return reserved.has(folded) || isHopByHop(folded) ? "belongs to the message itself" : null;
}

function textOf(value: unknown, encoding: HeaderEncoding): string | null {
  if (typeof value === "string") return headerValue(value, encoding);
  return typeof value === "number" || typeof value === "boolean" ? String(value) : null;
}

/**
 * The `Authorization: Basic` that the provider injects (decisions 15 and 29): the user attribute or the email, and the password attribute or,
 * as documented, an empty password. A user name with `:` or a control character cannot be sent (RFC 7617 2; M2M-15).
 */
export function basicCredential(
  identity: Identity,
  provider: Provider,
): { readonly lines: HeaderLines; readonly warnings: readonly string[] } {
  if (provider.basicAuth === null) return { lines: [], warnings: [] };
  const { userAttribute, passwordAttribute } = provider.basicAuth;
  const user = attribute(identity, userAttribute) ?? identity.email;
  const password = attribute(identity, passwordAttribute) ?? "";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: this pattern refuses control characters
  if (/[:\u0000-\u001f\u007f]/.test(user) || /[\u0000-\u001f\u007f]/.test(password)) {
    return { lines: [], warnings: ["basic authentication: the user name holds ':' or a control character: not sent"] };
  }
  const bytes = new TextEncoder().encode(`${user}:${password}`);
  return { lines: [["Authorization", `Basic ${btoa(String.fromCharCode(...bytes))}`]], warnings: [] };
}

function attribute(identity: Identity, name: string): string | null {
  if (name === "" || !Object.hasOwn(identity.proxy.userAttributes, name)) return null;
  const value = identity.proxy.userAttributes[name];
  return typeof value === "string" ? value : null;
}
