/** The connections that a process can hold with its limit of open files (DOS-04). */
export interface RoomSizes {
  readonly clients: number; //                     of the HTTP and HTTPS listeners together
  readonly refused: number; //                     besides those: connections that get a 503 and are closed
  readonly health: number; //                      of the metrics listener, and the same number again that get a 503 there
}

/** Above this number the limit is not descriptors, but memory and the ports of a reverse proxy. */
const mostClients = 65_536;

/**
 * Half of the descriptors that are not reserved: a client's request needs a second descriptor, for its upstream or its issuer. An eighth is
 * reserved, at least 64 and at most 1024: for refused connections and health, and three eighths of it for the store, listeners and files.
 */
export function roomSizes(openFiles: number): RoomSizes {
  const reserve = Math.min(1024, Math.max(64, Math.floor(openFiles / 8)));
  const share = Math.floor(reserve / 8);
  const clients = Math.floor((openFiles - reserve) / 2);
  return { clients: Math.min(mostClients, Math.max(8, clients)), refused: 3 * share, health: share };
}

/** The soft limit of open files in the text of /proc/self/limits (proc(5)); null when the text has no such line. */
export function openFilesIn(limits: string): number | null {
  const soft = /^Max open files +(\d+|unlimited)/m.exec(limits)?.[1];
  if (soft === undefined) return null;
  return soft === "unlimited" ? Number.MAX_SAFE_INTEGER : Number(soft);
}
