import type { Provider, Upstream } from "../../core/provider.ts";
import type { Source } from "../file/source.ts";
import { readAuthorities } from "../read/certificates.ts";
import { flag, text } from "../read/text-type.ts";
import { serverName, upstream } from "../read/web-address.ts";
import type { OutputOf } from "./fields.ts";

/** The keys of a provider about its upstream. */
export const upstreamKeys = {
  internal_host: upstream()
    .prefault("")
    .describe("URL of the upstream, required in proxy mode: http://, https:// or unix:/path"),
  internal_host_ssl_validation: flag(true, "verify the certificate of the upstream"),
  internal_host_ca_file: text("", "PEM file of the authorities that sign the certificate of the upstream"),
  internal_host_server_name: serverName()
    .prefault("")
    .describe("host name to request (SNI) and to verify in the certificate of the upstream"),
};

type UpstreamTable = OutputOf<typeof upstreamKeys> & { readonly mode?: Provider["mode"] | undefined };

/** The upstream of a proxy provider; null in the other modes, and if internal_host is missing or wrong. */
export function upstreamOf(source: Source, slug: string, table: UpstreamTable): Upstream | null {
  const at = (key: string) => ["providers", slug, key];
  const caPem = readAuthorities(source, at("internal_host_ca_file"), table.internal_host_ca_file);
  if (!table.internal_host_ssl_validation) {
    const hint = "name its certificate authority in internal_host_ca_file instead";
    source.findings.warning(at("internal_host_ssl_validation"), "the upstream's certificate is not verified", hint);
  }
  if (table.internal_host === null) {
    if (table.mode === "proxy" && !source.findings.isFaulty(at("internal_host"))) {
      const hint = 'write internal_host = "http://127.0.0.1:8080"';
      source.findings.error(at("internal_host"), "is required in proxy mode", hint);
    }
    return null;
  }
  return {
    ...table.internal_host,
    reach: "anywhere",
    verifyTls: table.internal_host_ssl_validation,
    caPem,
    serverName: table.internal_host_server_name,
  };
}
