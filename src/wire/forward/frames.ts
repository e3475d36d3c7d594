import { randomBytes } from "node:crypto";

/** The position of one direction of a WebSocket within its frames (RFC 6455 5.2). `startFrames` makes it, and only `nextBoundary` changes it. */
export interface FrameTrack {
  payloadLeft: number;
  headRead: number; //                             bytes of the frame's head that were read
  headLength: number; //                           known from the second byte on
  payloadLength: number;
}

/** The position at the beginning of a stream of frames. */
export function startFrames(): FrameTrack {
  return { payloadLeft: 0, headRead: 0, headLength: 2, payloadLength: 0 };
}

/** Is the stream between two frames, so that a frame of akproxy can be inserted? */
export function isBetweenFrames({ payloadLeft, headRead }: FrameTrack): boolean {
  return payloadLeft === 0 && headRead === 0;
}

/** Follows the frame at `from` to its end and returns that index. -1: the frame does not end within `bytes`, and all of them were followed. */
export function nextBoundary(track: FrameTrack, bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length) {
    if (track.payloadLeft > 0) {
      const here = Math.min(track.payloadLeft, bytes.length - at);
      track.payloadLeft -= here;
      at += here;
    } else {
      readHeadByte(track, bytes[at] ?? 0);
      at += 1;
    }
    if (isBetweenFrames(track)) return at;
  }
  return -1;
}

/** Follows all frames in `bytes`. */
export function followFrames(track: FrameTrack, bytes: Uint8Array): void {
  let at = 0;
  while (at !== -1 && at < bytes.length) at = nextBoundary(track, bytes, at);
}

function readHeadByte(track: FrameTrack, byte: number): void {
  const index = track.headRead;
  track.headRead += 1;
  if (index === 1) {
    const short = byte & 0x7f;
    const extended = short === 126 ? 2 : short === 127 ? 8 : 0;
    track.payloadLength = extended === 0 ? short : 0;
    track.headLength = 2 + extended + (byte & 0x80 ? 4 : 0);
  } else if (index >= 2 && index < track.headLength - maskLength(track)) {
    track.payloadLength = track.payloadLength * 256 + byte;
  }
  if (track.headRead < track.headLength) return;
  track.payloadLeft = track.payloadLength;
  track.headRead = 0;
  track.headLength = 2;
}

/** A head is 2, 4 or 10 bytes long, and 4 more with a mask. */
function maskLength({ headLength }: FrameTrack): number {
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
