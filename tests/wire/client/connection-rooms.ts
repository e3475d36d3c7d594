import type { WireOverload } from "../../../src/ports/wire.ts";
import { ConnectionRoom } from "../../../src/wire/client/connection-room.ts";

/** Listener options for `most` connections, and `mostRefused` more that are answered 503 at the same time. */
export function roomFor(
  most: number,
  mostRefused = 10 * most,
): { readonly room: ConnectionRoom; readonly overload: WireOverload } {
  return {
    room: new ConnectionRoom(most, mostRefused),
    overload: () => ({ status: 503, headers: [["retry-after", "10"]], body: "full" }),
  };
}

/** More connections than any test opens. */
export const ample = 10_000;
