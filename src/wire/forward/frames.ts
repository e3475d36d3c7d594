import { randomBytes } from "node:crypto";

/** Follows the frames of one direction of a WebSocket (RFC 6455 5.2), so that a frame of akproxy can be inserted between two of them. */
export class FrameTrack {
  #payloadLeft = 0;
  #headRead = 0; //                                bytes of the frame's head that were read
  #headLength = 2; //                              known from the second byte on
  #payloadLength = 0;

  isBetweenFrames(): boolean {
    return this.#payloadLeft === 0 && this.#headRead === 0;
  }

  /** Follows the frame at `from` to its end and returns that index. -1: the frame does not end within `bytes`, and all of them were followed. */
  nextBoundary(bytes: Uint8Array, from: number): number {
    let at = from;
    while (at < bytes.length) {
      if (this.#payloadLeft > 0) {
        const here = Math.min(this.#payloadLeft, bytes.length - at);
        this.#payloadLeft -= here;
        at += here;
      } else {
        this.#readHeadByte(bytes[at] ?? 0);
        at += 1;
      }
      if (this.isBetweenFrames()) return at;
    }
    return -1;
  }

  /** Follows all frames in `bytes`. */
  follow(bytes: Uint8Array): void {
    let at = 0;
    while (at !== -1 && at < bytes.length) at = this.nextBoundary(bytes, at);
  }

  #readHeadByte(byte: number): void {
    const index = this.#headRead;
    this.#headRead += 1;
    if (index === 1) {
      const short = byte & 0x7f;
      const extended = short === 126 ? 2 : short === 127 ? 8 : 0;
      this.#payloadLength = extended === 0 ? short : 0;
      this.#headLength = 2 + extended + (byte & 0x80 ? 4 : 0);
    } else if (index >= 2 && index < this.#headLength - maskLength(this.#headLength)) {
      this.#payloadLength = this.#payloadLength * 256 + byte;
    }
    if (this.#headRead < this.#headLength) return;
    this.#payloadLeft = this.#payloadLength;
    this.#headRead = 0;
    this.#headLength = 2;
  }
}

/** A head is 2, 4 or 10 bytes long, and 4 more with a mask. */
function maskLength(headLength: number): number {
  return headLength === 6 || headLength === 8 || headLength === 14 ? 4 : 0;
}

/** A close frame (RFC 6455 5.5.1), masked if it goes to the upstream. A `code` that must not be sent (7.4) becomes 1001. */
export function closeFrame(to: "client" | "upstream", code: number, reason: string): Uint8Array {
  const text = Buffer.from(fittingReason(reason), "utf8");
  const payload = Buffer.alloc(2 + text.length);
  payload.writeUInt16BE(mayBeSent(code) ? code : 1001, 0);
  text.copy(payload, 2);
  if (to === "client") return Buffer.concat([Buffer.from([0x88, payload.length]), payload]);
  const mask = randomBytes(4);
  const masked = payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0));
  return Buffer.concat([Buffer.from([0x88, 0x80 | payload.length]), mask, masked]);
}

/** The reason cut to 123 bytes of UTF-8, the limit of a close frame, between two characters. */
function fittingReason(reason: string): string {
  const bytes = Buffer.from(reason, "utf8");
  if (bytes.length <= 123) return reason;
  return bytes
    .subarray(0, 123)
    .toString("utf8")
    .replace(/\ufffd+$/, "");
}

function mayBeSent(code: number): boolean {
  if (code >= 3000 && code <= 4999) return true;
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006;
}
