import type { WireAnswer } from "../../ports/wire.ts";
import type { ByteSocket, SocketOwner } from "../socket/byte-socket.ts";
import { answerBytes } from "./answer-bytes.ts";
import type { ConnectionRoom } from "./connection-room.ts";

/** How long a refused connection may go on: as long as a client needs to read a short answer. */
const refusedMilliseconds = 2000;

/**
 * Answers a connection for which there is no room, before it has asked, and closes it in order: what it sends is thrown away, so that no
 * RST overtakes the answer (RFC 9112 9.6). Those who do not leave are cut soon, and more than the room has places for at once.
 */
export function refuseConnection(room: ConnectionRoom, answer: WireAnswer, socket: ByteSocket): SocketOwner {
  if (room.refused >= room.mostRefused) {
    socket.terminate();
    return { data() {}, drained() {}, ended() {}, closed() {}, failed() {} };
  }
  room.refused += 1;
  const timer = setTimeout(() => socket.terminate(), refusedMilliseconds);
  socket.write(answerBytes(answer, "GET", "1.1", "close"));
  socket.end();
  return {
    data() {},
    drained() {},
    ended() {},
    failed() {},
    closed() {
      clearTimeout(timer);
      room.refused -= 1;
    },
  };
}
