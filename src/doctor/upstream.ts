import type { ProxyProvider } from "../core/provider.ts";
import { joinTarget } from "../core/upstream/upstream-request.ts";
import { upstreamAddress, upstreamName, upstreamTls } from "../wire/upstream/address.ts";
import { type Check, type DoctorWorld, fail, ok, unreachable, warn } from "./check.ts";
import { probe } from "./probe.ts";

/** Whether the application answers, over the same address and TLS settings as a proxied request. */
export async function upstreamChecks(provider: ProxyProvider, world: DoctorWorld): Promise<readonly Check[]> {
  const { upstream } = provider;
  const host = provider.hostHeader === "{internal_host}" ? upstream.hostAndPort : provider.hostHeader;
  const answer = await probe({
    address: upstreamAddress(upstream),
    tls: upstreamTls(upstream),
    host: host ?? provider.externalHost.host,
    target: joinTarget(upstream, "/"),
    userAgent: `akproxy-doctor/${world.version}`,
    timeoutMilliseconds: world.timeoutMilliseconds,
  });
  const place = upstreamName(upstream);
  switch (answer.kind) {
    case "answered": {
      const text = `${place} answered ${answer.status} in ${answer.milliseconds} ms`;
      const check = answer.status < 500 ? ok("upstream", text) : warn("upstream", text, "read the application's log");
      return [check, ...tlsChecks(provider)];
    }
    case "no_http": {
      const other = upstream.scheme === "http" ? "https" : "http";
      return [
        fail("upstream", `${place} answers, but not with HTTP`, `check whether internal_host should be ${other}://`),
      ];
    }
    case "failed":
      return [failedCheck(place, answer.code)];
  }
}

function tlsChecks({ upstream }: ProxyProvider): readonly Check[] {
  if (upstream.scheme === "http") return [];
  if (upstream.verifyTls) return [ok("upstream TLS", "verified")];
  const fix = "set internal_host_ca_file to the CA of the certificate instead";
  return [warn("upstream TLS", "not verified: internal_host_ssl_validation is false", fix)];
}

function failedCheck(place: string, code: string): Check {
  if (code === "timeout") return unreachable("upstream", `${place} does not answer in time`, reachFix);
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    const fix = "set internal_host_server_name to a name in the certificate";
    return unreachable("upstream", `${place}: its certificate is for another name`, fix);
  }
  if (/VERIFY|SELF_SIGNED|CERT|UNABLE_TO_GET/.test(code)) {
    const fix = "set internal_host_ca_file to the CA of the certificate";
    return unreachable("upstream", `${place}: its certificate is not trusted: ${code}`, fix);
  }
  if (code === "EPROTO") {
    return fail("upstream", `${place} does not speak TLS`, "check whether internal_host should be http://");
  }
  if (code === "ECONNREFUSED") return unreachable("upstream", `${place} refuses connections`, reachFix);
  return unreachable("upstream", `${place} cannot be reached: ${code}`, reachFix);
}

const reachFix = "start the application, or correct internal_host";
