import { hostKey, parseHost } from "../../core/http/host.ts";

/** The target to judge and send: origin-form, or `*` of OPTIONS; else why there is none. */
export type TargetReading =
  | { readonly kind: "target"; readonly target: string }
  | { readonly kind: "refused"; readonly reason: string };

const absoluteForm = /^(https?):\/\/([^/?]*)(.*)$/i;

/**
 * Reads a request target (RFC 9112 3.2) whose bytes are valid. Origin-form stays as sent. Absolute-form becomes origin-form where its
 * authority is that of `host`: RFC 9112 3.2.2 lets the target win over Host, and two names for one request are refused instead.
 */
export function readTarget(method: string, target: string, host: string): TargetReading {
  if (target.charCodeAt(0) === 0x2f || (target === "*" && method === "OPTIONS")) return { kind: "target", target };
  const [, scheme = "", authority = "", rest = ""] = absoluteForm.exec(target) ?? [];
  if (scheme === "") return { kind: "refused", reason: "the target is neither a path nor an http or https URL" };
  const key = (value: string) => {
    const parsed = parseHost(value);
    return parsed === null ? null : hostKey(parsed, scheme.toLowerCase() === "https" ? "https" : "http");
  };
  const named = key(authority);
  if (named === null || named !== key(host))
    return { kind: "refused", reason: "the target's authority is not that of Host" };
  if (rest.startsWith("/")) return { kind: "target", target: rest };
  return { kind: "target", target: method === "OPTIONS" && rest === "" ? "*" : `/${rest}` };
}
