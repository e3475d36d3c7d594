import { allValues, firstValue, type HeaderLine, type HeaderLines } from "../core/http/header-lines.ts";
import { identityFields } from "../core/identity/identity-fields.ts";

/** What the echo application knows about a request. Everything in it arrived with the request. */
export interface EchoFacts {
  readonly method: string;
  readonly target: string; //                      path and query as received
  readonly access: "public" | "protected"; //      as the application itself names its paths
  readonly visitor: EchoVisitor | null; //         null: no identity headers, or empty ones
  readonly headers: HeaderLines; //                identity headers first
  readonly bodyBytes: number;
}

/** The user whom the identity headers name. */
export interface EchoVisitor {
  readonly username: string;
  readonly name: string;
  readonly email: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly entitlements: readonly string[];
}

/** Reads `lines` into facts: headers as the server has them, one character for each byte. */
export function echoFacts(request: {
  readonly method: string;
  readonly target: string;
  readonly lines: HeaderLines;
  readonly bodyBytes: number;
}): EchoFacts {
  const headers = request.lines
    .map(([name, value]): HeaderLine => [name, decoded(value)])
    .sort(([one], [other]) => rank(one) - rank(other));
  return {
    method: request.method,
    target: request.target,
    access: /^\/public\//.test(request.target) ? "public" : "protected",
    visitor: visitorOf(headers),
    headers,
    bodyBytes: request.bodyBytes,
  };
}

function visitorOf(headers: HeaderLines): EchoVisitor | null {
  const of = (attribute: string) => firstValue(headers, `x-authentik-${attribute}`) ?? "";
  const listOf = (attribute: string) =>
    allValues(headers, `x-authentik-${attribute}`)
      .flatMap((value) => value.split("|"))
      .filter((item) => item !== "");
  if (of("username") === "") return null;
  return {
    username: of("username"),
    name: of("name"),
    email: of("email"),
    uid: of("uid"),
    groups: listOf("groups"),
    entitlements: listOf("entitlements"),
  };
}

/** The identity headers come first, in the order of their table. */
const order: readonly string[] = identityFields.map(({ header }) => header.toLowerCase());

function rank(name: string): number {
  const lower = name.toLowerCase();
  const place = order.indexOf(lower);
  if (place >= 0) return place;
  return lower.startsWith("x-authentik-") ? order.length : order.length + 1;
}

/** Identity headers are UTF-8 on the wire, and Bun.serve reads each byte as a character. */
function decoded(value: string): string {
  const bytes = Array.from(value, (character) => character.charCodeAt(0));
  if (bytes.some((byte) => byte > 255)) return value;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(bytes));
  } catch {
    return value; // it is Latin-1
  }
}
