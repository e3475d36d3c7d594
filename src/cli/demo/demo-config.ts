/** The client the toy issuer knows akproxy as. */
export const demoClientId = "akproxy-demo";

/** Everything the demo's config names; all of it on loopback. */
export interface DemoFacts {
  readonly hostname: string; //                    address to listen at
  readonly port: number;
  readonly issuer: string;
  readonly application: string; //                 URL of the echo application
  readonly clientSecret: string;
  readonly outpostSecret: string;
  readonly stateDir: string; //                    nothing is written there: sessions and secret are in memory
  readonly logLevel: "info" | "warn";
}

/**
 * Where the browser reaches the demo: `localhost` by its name, under which browsers reach both 127.0.0.1 and ::1; another loopback
 * address as it is.
 */
export function demoUrl({ hostname, port }: Pick<DemoFacts, "hostname" | "port">): string {
  return hostname === "127.0.0.1" || hostname === "::1" ? `http://localhost:${port}` : `http://${hostname}:${port}`;
}

/** The loopback address that `host` means, without brackets; null when it is none, or a name other than localhost. */
export function loopbackAddress(host: string): string | null {
  const bare = host.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  if (bare === "localhost") return "127.0.0.1";
  if (bare === "::1") return bare;
  return /^127(?:\.(?:\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])){3}$/.test(bare) ? bare : null;
}

/** The demo's config file, as somebody would write it: read by the same parser as any other. */
export function demoConfigText(facts: DemoFacts): string {
  const host = facts.hostname.includes(":") ? `[${facts.hostname}]` : facts.hostname;
  return `state_dir = ${quoted(facts.stateDir)}

[outpost]
secret = ${quoted(facts.outpostSecret)}

[listen]
http = ${quoted(`${host}:${facts.port}`)}
https = ""
metrics = ""

[sessions]
store = "memory"

[log]
level = ${quoted(facts.logLevel)}
format = "text"

[oidc]
issuer = ${quoted(facts.issuer)}
client_id = ${quoted(demoClientId)}
client_secret = ${quoted(facts.clientSecret)}
post_logout_redirect_uri = ${quoted(`${demoUrl(facts)}/outpost.goauthentik.io/sign_out`)}

[providers.demo]
name = "akproxy demo"
mode = "proxy"
external_host = ${quoted(demoUrl(facts))}
internal_host = ${quoted(facts.application)}
skip_path_regex = "^/public/"
`;
}

/** A TOML basic string; `$` is doubled, since values are expanded. */
function quoted(value: string): string {
  return JSON.stringify(value).replaceAll("$", "$$$$");
}
