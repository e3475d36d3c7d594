/** Counts the connections of all listeners that share a limit, and those above it, which are being refused (DOS-04). */
export interface ConnectionRoom {
  readonly most: number;
  readonly mostRefused: number;
  held: number; //                                 including handshakes in progress
  refused: number; //                              answered with 503 and not gone yet
}

/** A room without connections. */
export function connectionRoom(most: number, mostRefused: number): ConnectionRoom {
  return { most, mostRefused, held: 0, refused: 0 };
}

/** Is there no place for another connection? */
export function isFull({ held, most }: ConnectionRoom): boolean {
  return held >= most;
}

/** Counts one more connection; false: there is no place for it. */
export function enters(room: ConnectionRoom): boolean {
  if (isFull(room)) return false;
  room.held += 1;
  return true;
}

/** A connection that was counted has gone. */
export function leaves(room: ConnectionRoom): void {
  room.held -= 1;
}
