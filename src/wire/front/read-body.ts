import type { ReadBody } from "../../ports/wire.ts";
import type { ClientSide, PassHandle } from "../pass/pass-client.ts";

/**
 * Takes a request's body itself, in place of an upstream, and answers when it is whole: `whole` is called then, before the answer is
 * made. How much there may be and how long it may take is the front's to watch.
 */
export function readBody(
  reply: ReadBody,
  client: Pick<ClientSide, "answer" | "expectsContinue" | "informational">,
  whole: () => void,
): PassHandle {
  const chunks: Uint8Array[] = [];
  let isOver = false;
  if (client.expectsContinue) client.informational(100, "Continue", []);
  return {
    bodyChunk: (bytes) => void chunks.push(bytes),
    async bodyEnd() {
      if (isOver) return;
      whole();
      const answer = await reply.answer(Buffer.concat(chunks).toString("utf8"));
      if (!isOver) client.answer(answer);
    },
    bodyBroken() {
      isOver = true;
    },
    clientDrained() {},
    clientGone() {
      isOver = true;
    },
  };
}
