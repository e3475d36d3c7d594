import type { HeaderLines } from "../http/header-lines.ts";
import type { Identity } from "../identity.ts";
import type { Provider } from "../provider.ts";

/**
 * The `Authorization: Basic` an application gets when the provider injects one (decisions 15 and 29): the user attribute or the email,
 * and the password attribute or, when the person has none, an empty password as documented. A user name with `:` or a control
 * character cannot be sent (RFC 7617 2; M2M-15).
 */
export function basicCredential(
  identity: Identity,
  provider: Provider,
): { readonly lines: HeaderLines; readonly warnings: readonly string[] } {
  if (provider.basicAuth === null) return { lines: [], warnings: [] };
  const { userAttribute, passwordAttribute } = provider.basicAuth;
  const user = attribute(identity, userAttribute) ?? identity.email;
  const password = attribute(identity, passwordAttribute) ?? "";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
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
