/** The code to send on for one that was received: none given is a normal end, a lost connection is "going away" (RFC 6455 7.4.1). */
export function receivedCode(code: number): number {
  if (code === 1005) return 1000;
  return mayBeSent(code) ? code : 1001;
}

/** `code` where it may stand in a close frame, else 1001. */
export function sendableCode(code: number): number {
  return mayBeSent(code) ? code : 1001;
}

/** `reason` cut to the 123 bytes of UTF-8 that a close frame has room for, between characters. */
export function sendableReason(reason: string): string {
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
