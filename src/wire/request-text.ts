import { Failure } from "../core/failure.ts";
import type { HeaderLines } from "../core/header-lines.ts";
import { isToken } from "./header-block.ts";
import { linesText } from "./lines-text.ts";

/**
 * A request's head as it goes to an upstream, in HTTP/1.1, its empty line included; a latin1 string: one UTF-16 unit a byte. Nothing is
 * added: Host and framing stand among `headers`. Throws `Failure("upstream_not_carried")` for what would split the message.
 */
export function requestHeadText(method: string, target: string, headers: HeaderLines): string {
  if (!isToken(method) || !sendableTarget.test(target)) {
    throw new Failure("upstream_not_carried", "wire: the method or the target can't be sent");
  }
  return `${method} ${target} HTTP/1.1\r\n${linesText(headers, "upstream_not_carried")}\r\n`;
}

// Bytes but controls, space, DEL and `#`: what readRequestHead lets in, and nothing that a config or claim could add to it.
const sendableTarget = /^(?:\*|\/[!"$-~\u0080-\u00ff]*)$/;
