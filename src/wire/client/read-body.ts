import type { ReadBody } from "../../ports/wire.ts";
import type { ClientSide, UpstreamSide } from "../forward/sides.ts";

/**
 * Reads a request's body in place of an upstream, and answers when it is whole; `whole` is called just before. The client's connection
 * limits how large the body may be and how long it may take.
 */
export class BodyReader implements UpstreamSide {
  readonly #reply: ReadBody;
  readonly #client: Pick<ClientSide, "answer">;
  readonly #whole: () => void;
  readonly #chunks: Uint8Array[] = [];
  #isOver = false;

  constructor(
    reply: ReadBody,
    client: Pick<ClientSide, "answer" | "expectsContinue" | "informational">,
    whole: () => void,
  ) {
    this.#reply = reply;
    this.#client = client;
    this.#whole = whole;
    if (client.expectsContinue) client.informational(100, "Continue", []);
  }

  bodyChunk(bytes: Uint8Array): void {
    this.#chunks.push(bytes);
  }

  async bodyEnd(): Promise<void> {
    if (this.#isOver) return;
    this.#whole();
    const answer = await this.#reply.answer(Buffer.concat(this.#chunks).toString("utf8"));
    if (!this.#isOver) this.#client.answer(answer);
  }

  bodyBroken(): void {
    this.#isOver = true;
  }

  clientDrained(): void {}

  clientGone(): void {
    this.#isOver = true;
  }
}
