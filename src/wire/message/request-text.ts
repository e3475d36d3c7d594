import { Failure } from "../../core/failure.ts";
import type { HeaderLines } from "../../core/http/header-lines.ts";
import { isToken } from "./header-block.ts";
import { linesText } from "./lines-text.ts";

/**
 * A request's head as it goes to an upstream, in HTTP/1.1, its empty line included; a latin1 string: one UTF-16 unit a byte. Nothing is
 * added: Host and framing stand among `headers`. Throws `Failure("upstream_not_carried")` for what would split the message. `own`: see
 * UpstreamRequest; text that was made and looked at before is used again where `headers` end with them.
 */
export function requestHeadText(method: string, target: string, headers: HeaderLines, own: HeaderLines = []): string {
  if (!isToken(method) || !sendableTarget.test(target)) {
    throw new Failure("upstream_not_carried", "wire: the method or the target can't be sent");
  }
  return `${method} ${target} HTTP/1.1\r\n${fieldsText(headers, own)}\r\n`;
}

function fieldsText(headers: HeaderLines, own: HeaderLines): string {
  if (own.length === 0 || !endWith(headers, own)) return linesText(headers, "upstream_not_carried");
  return linesText(headers, "upstream_not_carried", headers.length - own.length) + knownText(own);
}

function endWith(headers: HeaderLines, last: HeaderLines): boolean {
  let at = headers.length - last.length;
  for (const line of last) {
    if (headers[at] !== line) return false;
    at += 1;
  }
  return true;
}

function knownText(own: HeaderLines): string {
  const known = textsBefore.get(own);
  if (known !== undefined) return known;
  // by way of bytes: a string that was put together of many is put together again with each use
  const text = Buffer.from(linesText(own, "upstream_not_carried"), "latin1").toString("latin1");
  textsBefore.set(own, text);
  return text;
}

const textsBefore = new WeakMap<HeaderLines, string>();

// Bytes but controls, space, DEL and `#`: what readRequestHead lets in, and nothing that a config or claim could add to it.
const sendableTarget = /^(?:\*|\/[!"$-~\u0080-\u00ff]*)$/;
