import type { Upstream } from "../../core/provider.ts";
import { type Source, take } from "../file/source.ts";
import { readAuthorities } from "../read/read-certificate.ts";
import { readServerName, readUpstream } from "../read/read-web-address.ts";
import type { ProviderTable } from "../schema/schema.ts";

/** Where a proxy provider's requests go; null in the other modes, where `internal_host` is an error, and when it is wrong. */
export function buildUpstream(source: Source, slug: string, provider: ProviderTable): Upstream | null {
  const at = (key: string) => ["providers", slug, key];
  const path = at("internal_host");
  const serverName = provider.internal_host_server_name;
  const ca = readAuthorities(source, at("internal_host_ca_file"), provider.internal_host_ca_file);
  if (!provider.internal_host_ssl_validation) {
    const hint = "name its authority in internal_host_ca_file instead";
    source.findings.warning(at("internal_host_ssl_validation"), "the upstream's certificate is not verified", hint);
  }
  if (provider.internal_host === "") {
    const reported = source.findings.all.some((finding) => finding.path.join() === path.join());
    if (provider.mode === "proxy" && !reported) {
      source.findings.error(path, "is required in proxy mode", 'write internal_host = "http://127.0.0.1:8080"');
    }
    return null;
  }
  if (provider.mode === "forward_single" || provider.mode === "forward_domain") {
    source.findings.error(
      path,
      `has no meaning in ${provider.mode}`,
      "remove it: your reverse proxy reaches the application",
    );
    return null;
  }
  const place = take(source, path, readUpstream(provider.internal_host), null);
  if (place === null) return null;
  return {
    ...place,
    reach: "anywhere",
    verifyTls: provider.internal_host_ssl_validation,
    caPem: ca,
    serverName:
      serverName === "" ? null : take(source, at("internal_host_server_name"), readServerName(serverName), null),
  };
}
