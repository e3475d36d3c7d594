import { firstValue, type HeaderLines, listMembers } from "./header-lines.ts";

/**
 * Is this request a browser going somewhere, so that a login may be started? (decision 9.) A request that says nothing either way,
 * such as curl, is taken for one, as authentik does.
 */
export function isNavigation(method: string, headers: HeaderLines): boolean {
  if (method !== "GET" && method !== "HEAD") return false;
  // a reverse proxy's verdict request is without Connection and Upgrade, but with the rest of the handshake (RFC 6455 4.1)
  if (isWebSocketUpgrade(headers) || firstValue(headers, "sec-websocket-key") !== null) return false;
  const fetchMode = firstValue(headers, "sec-fetch-mode");
  if (fetchMode !== null && fetchMode !== "navigate") return false;
  if (firstValue(headers, "x-requested-with")?.toLowerCase() === "xmlhttprequest") return false;
  const accept = firstValue(headers, "accept")?.toLowerCase() ?? "";
  return !(namesJson(accept) && !accept.includes("text/html"));
}

/** Does the request ask to become a WebSocket? (RFC 6455 4.2.1) */
export function isWebSocketUpgrade(headers: HeaderLines): boolean {
  if (firstValue(headers, "upgrade") === null) return false;
  return (
    listMembers(headers, "connection").includes("upgrade") && listMembers(headers, "upgrade").includes("websocket")
  );
}

function namesJson(accept: string): boolean {
  return /\b(?:application|text)\/(?:[a-z0-9.+-]*\+)?json\b/.test(accept);
}
