import { allValues, type HeaderLines } from "./header-lines.ts";

/** What one proxy states about the request that it received (RFC 7239 5); null: not stated. */
export interface ForwardedElement {
  readonly for: string | null; //                  its client: address with or without port, "unknown", "_name"
  readonly host: string | null;
  readonly proto: string | null;
}

const pair = /[ \t]*(?:([!#$%&'*+.^_`|~0-9a-z-]+)=(?:"((?:[^"\\]|\\.)*)"|([^",;\s]*))[ \t]*)?([;,]|$)/iy;

/**
 * The elements of `Forwarded`, that of the nearest proxy last; null when the header is malformed or an element has a parameter twice. A value
 * without its quotes is accepted, because proxies omit them around ports and brackets.
 */
export function forwardedElements(headers: HeaderLines): readonly ForwardedElement[] | null {
  const text = allValues(headers, "Forwarded").join(",");
  const elements: Map<string, string>[] = [new Map()];
  let end = ";";
  for (pair.lastIndex = 0; end !== ""; ) {
    const match = pair.exec(text);
    if (match === null) return null;
    const [, name, quoted, plain = ""] = match;
    if (name !== undefined) {
      const value = quoted === undefined ? plain : quoted.replace(/\\(.)/g, "$1");
      if (!setOnce(elements.at(-1), name.toLowerCase(), value)) return null;
    }
    end = match[4] ?? "";
    if (end === ",") elements.push(new Map());
  }
  return elements.filter((said) => said.size > 0).map(elementOf);
}

/** False: the element has this parameter already. */
function setOnce(said: Map<string, string> | undefined, name: string, value: string): boolean {
  if (said === undefined || said.has(name)) return false;
  said.set(name, value);
  return true;
}

function elementOf(said: ReadonlyMap<string, string>): ForwardedElement {
  return { for: said.get("for") ?? null, host: said.get("host") ?? null, proto: said.get("proto") ?? null };
}
