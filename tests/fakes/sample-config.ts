/** The parts of a config file that tests write, each as lines of TOML. */
export interface SampleConfig {
  readonly top: string; //                         keys of no table; state_dir at least
  readonly listen?: string; //                     http on a free port, and no other listener
  readonly issuer?: string; //                     one that does not answer
  readonly oidc?: string; //                       more lines of [oidc]
  readonly tables: string; //                      the providers, and other tables
}

/** The client's secret at every issuer of tests. */
export const clientSecret = "toy-client-secret-of-32-characters!";

/** A whole config file. */
export function sampleConfig({ top, listen, issuer = "http://127.0.0.1:1/", oidc = "", tables }: SampleConfig): string {
  return `
${top}
[listen]
${listen ?? 'http = "127.0.0.1:0"\nhttps = ""\nmetrics = ""'}
[oidc]
issuer = "${issuer}"
client_id = "akproxy"
client_secret = "${clientSecret}"
${oidc}
${tables}
`;
}

/** The table of a provider in proxy mode with the slug "app". */
export function proxiedApp(internalHost: string, externalHost = "http://app.test"): string {
  return `
[providers.app]
mode = "proxy"
external_host = "${externalHost}"
internal_host = "${internalHost}"
`;
}

/** The least that is valid: one provider in proxy mode, https://app.company, and no secret. More keys of the provider may follow. */
export const leastConfig = `[oidc]
issuer = "https://idp.company/"
client_id = "akproxy"
[providers.app]
mode = "proxy"
external_host = "https://app.company"
internal_host = "http://127.0.0.1:8080"
`;

/** https://app.test in mode forward_single. */
export const singleApp = `
[providers.app]
mode = "forward_single"
external_host = "https://app.test"
`;

/** The domain corp.test behind https://auth.corp.test; all users who are logged in may enter. */
export const corpDomain = `
[providers.corp]
mode = "forward_domain"
external_host = "https://auth.corp.test"
cookie_domain = "corp.test"
rules = [{ access = "login" }]
`;

/** The domain lab.corp.test within it. */
export const labDomain = corpDomain.replaceAll("corp", "lab.corp").replace("providers.lab.corp", "providers.lab");
