import { rawText, type ScriptFacts } from "./script.ts";

/** What a side received, and whether the other side ended it. */
export interface Received {
  readonly bytes: string;
  readonly isClosed: boolean;
}

/** `partial`: right so far. */
export type Match = "whole" | "partial" | "different";

const ownAnswer = /<own (\d{3})( close)?>/;

/**
 * Compares what a client received with what its row says. `<own 400 close>` stands for an answer of the proxy's own: its status, a length, and
 * Connection: close where the row has it; its other lines and its text are the proxy's choice. `<FIN>` at the end: the connection is closed.
 * `<broken>`: it is closed, and the bytes before are not a whole message.
 */
export function matchClient(expected: string, received: Received, facts: ScriptFacts): Match {
  const [, wanted = "", ending = ""] = /^(.*?)(<FIN>|<broken>)?$/s.exec(expected) ?? [];
  const rest = matchText(wanted, received.bytes, facts);
  if (rest === "different" || rest === "partial") {
    const isShort = ending === "<broken>" && received.isClosed && rest === "partial";
    return isShort ? "whole" : rest === "partial" && received.isClosed ? "different" : rest;
  }
  if (rest !== "") return "different";
  if (ending === "") return received.isClosed ? "different" : "whole";
  return received.isClosed ? "whole" : "partial";
}

/** The rest of `received` behind the part that matches `wanted`. */
function matchText(wanted: string, received: string, facts: ScriptFacts): string {
  const own = ownAnswer.exec(wanted);
  const literal = rawText(own === null ? wanted : wanted.slice(0, own.index), facts);
  if (!received.startsWith(literal)) return literal.startsWith(received) ? "partial" : "different";
  const rest = received.slice(literal.length);
  if (own === null) return rest;
  const after = afterOwnAnswer(rest, own[1] ?? "", own[2] === " close");
  if (after === "different" || after === "partial") return after;
  return matchText(wanted.slice(own.index + own[0].length), after, facts);
}

function afterOwnAnswer(received: string, status: string, closes: boolean): string {
  const end = received.indexOf("\r\n\r\n");
  if (end === -1) return "partial";
  const head = received.slice(0, end + 2);
  const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(head)?.[1];
  const saysClose = /\r\nconnection: *close\r\n/i.test(head);
  if (!head.startsWith(`HTTP/1.1 ${status} `) || length === undefined || saysClose !== closes) return "different";
  const rest = received.slice(end + 4);
  return rest.length < Number(length) ? "partial" : rest.slice(Number(length));
}

/** What akproxy adds to each request, and a Date that the upstream did not send (RFC 9110 6.6.1), taken out. */
export function withoutOurs(bytes: string, side: "upstream" | "client"): string {
  return side === "upstream"
    ? bytes.replaceAll(/^(?:X-Forwarded-(?:For|Host|Proto)|X-authentik-[^:]*): [^\r]*\r\n/gm, "")
    : bytes.replaceAll(/^date: [^\r]*\r\n/gm, "");
}
