import { type HeaderLine, type HeaderLines, lowerCaseName } from "../../core/http/header-lines.ts";
import type { Forwarding } from "../../ports/wire.ts";
import type { Occupant, UpstreamConnection } from "../upstream/connection.ts";
import type { Pool } from "../upstream/pool.ts";
import type { ClientSide } from "./sides.ts";

const fields: ReadonlySet<string> = new Set([
  "authentication-info",
  "authorization",
  "proxy-authenticate",
  "proxy-authentication-info",
  "proxy-authorization",
  "www-authenticate",
]);

/** 1 at the first letters of those names: of most heads, no other name is looked at. */
const firstLetters = new Uint8Array(256);
for (const name of fields) {
  firstLetters[name.charCodeAt(0)] = 1;
  firstLetters[name.toUpperCase().charCodeAt(0)] = 1;
}

/** Anywhere in the value: a challenge may stand behind others in one line (RFC 9110 11.6.1). Nego2 is Windows' other name of Negotiate. */
const schemes = /\b(?:ntlm|negotiate|nego2)\b/i;

/** Notes on the connection of a response that its lines belong to a login of the connection. */
export function noteConnectionLogin(connection: UpstreamConnection | null, lines: HeaderLines): void {
  if (connection !== null && statesConnectionLogin(lines)) connection.mayBeLoggedIn = true;
}

/** Do these lines of a request or a response belong to a login of the connection: NTLM, or Negotiate (RFC 4559 6)? */
function statesConnectionLogin(lines: HeaderLines): boolean {
  for (const line of lines) {
    if (firstLetters[line[0].charCodeAt(0)] === 1 && isLogin(line)) return true;
  }
  return false;
}

function isLogin([name, value]: HeaderLine): boolean {
  return name.length > 12 && fields.has(lowerCaseName(name)) && schemes.test(value);
}

/**
 * The connection for a request. NTLM and Negotiate log in a connection, not a request, so a connection on which they were seen belongs to one
 * client connection and to one user on it (decision 56). Such a request never goes out on a connection of the pool, which could be stale:
 * its credential is only valid on one connection, so it cannot be retried.
 */
export function takeConnection(
  pool: Pool,
  forwarding: Forwarding,
  client: ClientSide,
  occupant: Occupant,
): UpstreamConnection {
  const { upstream, headers } = forwarding.request;
  const kept = client.keptConnection;
  if (kept !== null && pool.takeKept(kept, upstream, forwarding.connectionOwner(), occupant)) return kept;
  if (!statesConnectionLogin(headers)) return pool.take(upstream, occupant);
  const connection = pool.open(upstream, occupant);
  connection.mayBeLoggedIn = true;
  return connection;
}

/** Gives up a connection whose request and answer are whole: to the pool, or to the client connection that it belongs to. */
export function leaveConnection(
  pool: Pool,
  forwarding: Forwarding,
  client: ClientSide,
  connection: UpstreamConnection,
): void {
  if (!connection.mayBeLoggedIn) {
    pool.giveBack(connection);
    return;
  }
  const owner = forwarding.connectionOwner();
  if (owner === null) {
    connection.close();
    return;
  }
  // One for each client connection, since a client could have any number opened for it
  if (client.keptConnection !== connection) client.keptConnection?.close();
  client.keptConnection = connection;
  pool.keepFor(owner, connection);
}
