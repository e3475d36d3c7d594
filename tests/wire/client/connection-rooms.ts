import type { WireOverload } from "../../../src/ports/wire.ts";
import { type ConnectionRoom, connectionRoom } from "../../../src/wire/client/connection-room.ts";

/** What a listener is given to hold `most` connections, and to tell `mostRefused` others at once to come again. */
export function roomFor(
  most: number,
  mostRefused = 10 * most,
): { readonly room: ConnectionRoom; readonly overload: WireOverload } {
  return {
    room: connectionRoom(most, mostRefused),
    overload: () => ({ status: 503, headers: [["retry-after", "10"]], body: "full" }),
  };
}

/** More than any test opens. */
export const ample = 10_000;
