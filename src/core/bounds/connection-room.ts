/** How many connections a process of so many open files can hold (DOS-04). */
export interface RoomSizes {
  readonly clients: number; //                     of the HTTP and HTTPS listeners together
  readonly refused: number; //                     more, that are being told to come again later
  readonly health: number; //                      of the metrics listener, and as many that are being told so there
}

/** More than these is another question than that of descriptors: of memory, and of the ports of a proxy in front. */
const mostClients = 65_536;

/**
 * Half of what a reserve leaves: a client's request needs a second descriptor, for its upstream or its issuer. An eighth is reserved, of 64 at
 * least and 1024 at most: for who is being refused and for health, and three eighths of it for the store, listeners and files.
 */
export function roomSizes(openFiles: number): RoomSizes {
  const reserve = Math.min(1024, Math.max(64, Math.floor(openFiles / 8)));
  const share = Math.floor(reserve / 8);
  const clients = Math.floor((openFiles - reserve) / 2);
  return { clients: Math.min(mostClients, Math.max(8, clients)), refused: 3 * share, health: share };
}

/** The soft limit of open files in the text of /proc/self/limits (proc(5)); null where it does not say. */
export function openFilesIn(limits: string): number | null {
  const soft = /^Max open files +(\d+|unlimited)/m.exec(limits)?.[1];
  if (soft === undefined) return null;
  return soft === "unlimited" ? Number.MAX_SAFE_INTEGER : Number(soft);
}
