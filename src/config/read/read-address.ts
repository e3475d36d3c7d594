import { isIPv4, isIPv6 } from "node:net";
import type { ListenAddress } from "../../core/config.ts";
import { ok, type Reading, wrong } from "./reading.ts";

const accepted = 'write HOST:PORT (0.0.0.0:9000), [::]:PORT, unix:/path.sock, or "" for none';

/** A listener's address: `HOST:PORT`, `[::]:PORT`, `unix:/path.sock`; `""` is null, turned off (spec: reading rules). */
export function readAddress(text: string): Reading<ListenAddress | null> {
  if (text === "") return ok(null);
  if (text.startsWith("unix:")) {
    const path = text.slice("unix:".length);
    if (!path.startsWith("/")) return wrong("names a socket that is not absolute", "write unix:/run/akproxy/http.sock");
    return ok({ kind: "unix", path });
  }
  const parts = /^(?:\[([^\]]*)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  if (parts === null) return wrong("is not an address", accepted);
  const [, inBrackets, bare = "", port = ""] = parts;
  if (Number(port) > 65535) return wrong("has a port above 65535", accepted);
  if (inBrackets !== undefined ? !isIPv6(inBrackets) : !isHostName(bare)) return wrong("is not an address", accepted);
  return ok({ kind: "tcp", hostname: inBrackets ?? bare.toLowerCase(), port: Number(port) });
}

/** A DNS name or an IPv4 address; digits and dots alone must be an IPv4 address. */
function isHostName(text: string): boolean {
  if (/^[\d.]+$/.test(text)) return isIPv4(text);
  return /^(?!-)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?$/.test(text);
}
