import { firstLine, firstValue, type HeaderLine, type HeaderLines, listMembers } from "./header-lines.ts";

/** Is the request a navigation of a browser, so that akproxy may start a login? (decision 9) */
export function isNavigation(method: string, headers: HeaderLines): boolean {
  return navigationObstacle(method, headers) === null;
}

/** The part of a request that shows that it is not a navigation. */
export type NavigationObstacle =
  | { readonly kind: "method" }
  | { readonly kind: "web_socket" }
  | { readonly kind: "header"; readonly line: HeaderLine };

/**
 * Why a request is not a navigation; null: it is one. A request without any such sign, for example of curl, counts as a navigation
 * (authentik: the same).
 */
export function navigationObstacle(method: string, headers: HeaderLines): NavigationObstacle | null {
  if (method !== "GET" && method !== "HEAD") return { kind: "method" };
  if (isWebSocketUpgrade(headers)) return { kind: "web_socket" };
  const line =
    // the verdict request of a reverse proxy lacks Connection and Upgrade, but has the rest of the handshake (RFC 6455 4.1)
    firstLine(headers, "sec-websocket-key") ??
    lineWith(headers, "sec-fetch-mode", (mode) => mode !== "navigate") ??
    lineWith(headers, "x-requested-with", (value) => value.toLowerCase() === "xmlhttprequest") ??
    lineWith(headers, "accept", (types) => wantsJson(types.toLowerCase()));
  return line === null ? null : { kind: "header", line };
}

/** Does the request ask to become a WebSocket? (RFC 6455 4.2.1) */
export function isWebSocketUpgrade(headers: HeaderLines): boolean {
  if (firstValue(headers, "upgrade") === null) return false;
  return (
    listMembers(headers, "connection").includes("upgrade") && listMembers(headers, "upgrade").includes("websocket")
  );
}

/** The first line named `name`, when `isSuch` is true for its value. */
function lineWith(headers: HeaderLines, name: string, isSuch: (value: string) => boolean): HeaderLine | null {
  const line = firstLine(headers, name);
  return line !== null && isSuch(line[1]) ? line : null;
}

function wantsJson(accept: string): boolean {
  return /\b(?:application|text)\/(?:[a-z0-9.+-]*\+)?json\b/.test(accept) && !accept.includes("text/html");
}
