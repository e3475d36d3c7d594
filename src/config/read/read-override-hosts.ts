import { parseHost } from "../../core/http/host.ts";
import type { OverrideHost } from "../../core/provider.ts";
import { quoted, type Source } from "../file/source.ts";
import type { Path } from "../findings.ts";

/** `backend_override_hosts` (decision 31): `host`, `host:port`, `*.suffix` or `*`; bad entries are reported at their place. */
export function readOverrideHosts(source: Source, path: Path, texts: readonly string[]): readonly OverrideHost[] {
  return texts.flatMap((text, index) => readEntry(source, [...path, index], text) ?? []);
}

function readEntry(source: Source, path: Path, text: string): OverrideHost | null {
  if (text === "*") {
    const message = "lets an override name every host: whoever decides the claim chooses where requests go";
    source.findings.warning(path, message, 'name the hosts, or their domain: "*.svc.local"');
    return { kind: "any" };
  }
  const isBelow = text.startsWith("*.");
  const host = parseHost(isBelow ? text.slice(2) : text);
  const hint = 'write "foo.bar.baz", "foo.bar.baz:8080" or "*.svc.local"';
  if (host === null || (isBelow && host.hostname.startsWith("["))) {
    source.findings.error(path, `${quoted(source, path)} is not a host`, hint);
    return null;
  }
  if (isBelow && host.port !== null) {
    source.findings.error(path, `${quoted(source, path)} has a port beside a *`, "leave the port out: any is meant");
    return null;
  }
  if (isBelow) return { kind: "below", suffix: host.hostname };
  const canonical = canonicalHost(host.hostname);
  if (canonical === null) {
    source.findings.error(path, `${quoted(source, path)} is not a host`, hint);
    return null;
  }
  return { kind: "host", hostname: canonical, port: host.port };
}

/** As URLs have it, which an override is compared by: `[0:0:0:0:0:0:0:1]` is `[::1]`. */
function canonicalHost(hostname: string): string | null {
  return URL.canParse(`http://${hostname}/`) ? new URL(`http://${hostname}/`).hostname : null;
}
