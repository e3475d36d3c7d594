/** The connections that fronts hold together, and those above, which are being refused (DOS-04). */
export interface ConnectionRoom {
  readonly most: number;
  readonly mostRefused: number;
  held: number; //                                 handshakes under way too
  refused: number; //                              told to come again later, and not gone yet
}

/** An empty room. */
export function connectionRoom(most: number, mostRefused: number): ConnectionRoom {
  return { most, mostRefused, held: 0, refused: 0 };
}

/** Is there no place for one more? */
export function isFull({ held, most }: ConnectionRoom): boolean {
  return held >= most;
}

/** Takes one more in; false: there is no place for it. */
export function enters(room: ConnectionRoom): boolean {
  if (isFull(room)) return false;
  room.held += 1;
  return true;
}

/** One that was taken in has gone. */
export function leaves(room: ConnectionRoom): void {
  room.held -= 1;
}
