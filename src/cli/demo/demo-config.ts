/** The client_id of akproxy at the toy issuer. */
export const demoClientId = "akproxy-demo";

/** Everything in the demo's config; all addresses are loopback addresses. */
export interface DemoFacts {
  readonly hostname: string; //                    address to listen at
  readonly port: number;
  readonly issuer: string;
  readonly application: string; //                 URL of the echo application
  readonly clientSecret: string;
  readonly outpostSecret: string;
  readonly stateDir: string; //                    unused: sessions and secret are in memory
  readonly logLevel: "info" | "warn";
}

/**
 * The demo's URL for the browser. 127.0.0.1 and ::1 are `localhost`, which browsers resolve to both. Another loopback address is
 * unchanged.
 */
export function demoUrl({ hostname, port }: Pick<DemoFacts, "hostname" | "port">): string {
  return hostname === "127.0.0.1" || hostname === "::1" ? `http://localhost:${port}` : `http://${hostname}:${port}`;
}

/** The loopback address of `host`, without brackets. Null: another address, or a name other than localhost. */
export function loopbackAddress(host: string): string | null {
  const bare = host.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  if (bare === "localhost") return "127.0.0.1";
  if (bare === "::1") return bare;
  return /^127(?:\.(?:\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])){3}$/.test(bare) ? bare : null;
}

/** The demo's config as a file's text, for the parser of every config file. */
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

/** A TOML basic string. `$` is doubled, because the parser expands variables. */
function quoted(value: string): string {
  return JSON.stringify(value).replaceAll("$", "$$$$");
}
