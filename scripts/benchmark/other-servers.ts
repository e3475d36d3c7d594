import { type Launched, launch } from "./launch.ts";
import { apacheModules } from "./programs.ts";

/** Caddy as a reverse proxy, logs and administration off. Bound to one core, Go uses one. */
export async function startCaddy(program: string, port: number, upstream: number, folder: string): Promise<Launched> {
  const file = `${folder}/Caddyfile-${port}`;
  await Bun.write(
    file,
    `{\n\tadmin off\n\tauto_https off\n\tlog {\n\t\toutput discard\n\t}\n}\nhttp://:${port} {\n\tbind 127.0.0.1\n\treverse_proxy 127.0.0.1:${upstream} {\n\t\tflush_interval -1\n\t}\n}\n`,
  );
  return launch([program, "run", "--adapter", "caddyfile", "--config", file], {
    core: "server",
    cwd: folder,
    port,
    env: { GOMAXPROCS: "1", XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
  });
}

/** HAProxy with one thread, connections to the upstream shared. */
export async function startHaproxy(program: string, port: number, upstream: number, folder: string): Promise<Launched> {
  const file = `${folder}/haproxy-${port}.cfg`;
  await Bun.write(
    file,
    `global
  nbthread 1
  maxconn 8000
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout tunnel 600s
  http-reuse always
  option http-no-delay
frontend front
  bind 127.0.0.1:${port}
  default_backend app
backend app
  server app 127.0.0.1:${upstream}
`,
  );
  return launch([program, "-db", "-f", file], { core: "server", cwd: folder, port });
}

/** The facts of the issuer that another kind of outpost needs. */
export interface IssuerFacts {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

/** Where another kind of outpost listens, and the port of the application behind it. */
export interface OutpostFacts {
  readonly issuer: IssuerFacts;
  readonly port: number;
  readonly upstream: number;
  readonly folder: string;
}

/** oauth2-proxy, its session in its cookie as it does by default, its logs off. */
export function startOauth2Proxy(program: string, { issuer, port, upstream, folder }: OutpostFacts): Promise<Launched> {
  const options = [
    "--provider=oidc",
    `--oidc-issuer-url=${issuer.issuer}`,
    `--client-id=${issuer.clientId}`,
    `--client-secret=${issuer.clientSecret}`,
    `--redirect-url=http://127.0.0.1:${port}/oauth2/callback`,
    "--cookie-secret=0123456789abcdef0123456789abcdef",
    "--cookie-secure=false",
    "--email-domain=*",
    "--skip-provider-button",
    "--set-xauthrequest",
    "--code-challenge-method=S256",
    `--http-address=127.0.0.1:${port}`,
    `--upstream=http://127.0.0.1:${upstream}`,
    "--request-logging=false",
    "--auth-logging=false",
    "--standard-logging=false",
  ];
  return launch([program, ...options], { core: "server", cwd: folder, port, env: { GOMAXPROCS: "1" } });
}

/** Apache with mod_auth_openidc, sessions in its shared memory as it does by default: `/static` is a file of its own, the rest is proxied. */
export async function startApache(
  program: string,
  { issuer, port, upstream, folder }: OutpostFacts,
): Promise<Launched> {
  const file = `${folder}/apache-${port}.conf`;
  const modules = ["mpm_event", "authn_core", "authz_core", "authz_user", "proxy", "proxy_http", "auth_openidc"];
  await Bun.write(`${folder}/htdocs/static`, "");
  await Bun.write(
    file,
    `ServerRoot ${folder}
ServerName 127.0.0.1
PidFile ${folder}/apache-${port}.pid
Listen 127.0.0.1:${port}
${modules.map((name) => `LoadModule ${name}_module ${apacheModules}/mod_${name}.so`).join("\n")}
User nobody
Group nogroup
StartServers 1
ServerLimit 1
ThreadsPerChild 128
ThreadLimit 128
MaxRequestWorkers 128
MaxKeepAliveRequests 0
KeepAliveTimeout 600
ErrorLog /dev/null
DocumentRoot ${folder}/htdocs
OIDCProviderMetadataURL ${issuer.issuer}/.well-known/openid-configuration
OIDCClientID ${issuer.clientId}
OIDCClientSecret "${issuer.clientSecret}"
OIDCRedirectURI http://127.0.0.1:${port}/redirect_uri
OIDCCryptoPassphrase 0123456789abcdef0123456789abcdef
OIDCScope "openid profile email"
OIDCPKCEMethod S256
ProxyPass /static !
ProxyPass /redirect_uri !
ProxyPass / http://127.0.0.1:${upstream}/ keepalive=On
<Location />
  AuthType openid-connect
  Require valid-user
</Location>
`,
  );
  return launch([program, "-f", file, "-DFOREGROUND"], { core: "server", cwd: folder, port });
}
