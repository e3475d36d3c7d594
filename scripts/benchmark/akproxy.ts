import { type Launched, launch } from "./launch.ts";
import type { IssuerFacts } from "./other-servers.ts";

/** An akproxy under test: its process, and what its providers are reached by. */
export interface Akproxy extends Launched {
  readonly port: number;
  readonly tlsPort: number;
}

export interface AkproxyOptions {
  readonly binary: string;
  readonly issuer: IssuerFacts;
  readonly files: number; //                       the port of the application with files
  readonly live: number; //                        the port of the one with WebSockets and events
  readonly store: string; //                       `sessions.store`
  readonly folder: string; //                      its own: config and state
  readonly port: number;
  readonly tlsPort: number;
  readonly certificate: string;
  readonly key: string;
}

/** The secret of every akproxy here, so that sessions can be laid into a store for it. */
export const outpostSecret = "a secret of the benchmark, of more than 32 characters";

/** The redirect URIs that an issuer must know. */
export function redirectUris(port: number, tlsPort: number): readonly string[] {
  const origins = [
    ...plainSlugs.map((slug) => `http://${slug}.localhost:${port}`),
    `https://secure.localhost:${tlsPort}`,
  ];
  return origins.map((origin) => `${origin}/outpost.goauthentik.io/callback?X-authentik-auth-callback=true`);
}

const plainSlugs = ["app", "live", "single", "public1", "public50"] as const;

/** Starts the compiled executable with the log at `warn`. */
export async function startAkproxy(options: AkproxyOptions): Promise<Akproxy> {
  const { binary, folder, port, tlsPort } = options;
  const file = `${folder}/akproxy.toml`;
  await Bun.write(file, config(options), { mode: 0o600 });
  const launched = await launch([binary, "serve", "-c", file], { core: "server", cwd: folder, port });
  return { ...launched, port, tlsPort };
}

/** Its whole config: a provider for each kind of question. */
export function config({
  folder,
  port,
  tlsPort,
  store,
  issuer,
  files,
  live,
  certificate,
  key,
}: AkproxyOptions): string {
  const forward = (slug: string, more = "") =>
    `[providers.${slug}]\nmode = "forward_single"\nexternal_host = "http://${slug}.localhost:${port}"\n${more}`;
  const proxied = (slug: string, origin: string, upstream: number) =>
    `[providers.${slug}]\nmode = "proxy"\nexternal_host = "${origin}"\ninternal_host = "http://127.0.0.1:${upstream}"\n`;
  return `state_dir = "${folder}/state"
[outpost]
secret = "${outpostSecret}"
[listen]
http = "127.0.0.1:${port}"
https = "127.0.0.1:${tlsPort}"
metrics = ""
[tls]
certificate_file = "${certificate}"
key_file = "${key}"
[sessions]
store = "${store}"
[log]
level = "warn"
[oidc]
issuer = "${issuer.issuer}"
client_id = "${issuer.clientId}"
client_secret = "${issuer.clientSecret}"
${proxied("app", `http://app.localhost:${port}`, files)}
${proxied("live", `http://live.localhost:${port}`, live)}
${proxied("secure", `https://secure.localhost:${tlsPort}`, files)}
${forward("single")}
${forward("public1", `skip_path_regex = "^/public/area-50/"\n`)}
${forward("public50", `skip_path_regex = [${patterns()}]\n`)}
`;
}

/** Fifty; what the load asks for is opened by the last. */
function patterns(): string {
  return Array.from({ length: 50 }, (_none, index) => `"^/public/area-${index + 1}/"`).join(", ");
}
