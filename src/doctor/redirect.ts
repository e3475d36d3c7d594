import type { Provider } from "../core/provider.ts";
import { redirectUri } from "../http/login/login.ts";
import type { IssuerMetadata } from "../idp/issuer-metadata.ts";
import { authorizationUrl } from "../idp/issuer-urls.ts";
import { randomToken } from "../seal/random-token.ts";
import { type Check, type DoctorWorld, fail, ok, unknown } from "./check.ts";

/** The response of an authorization endpoint to the first request of a login. */
export interface AuthorizationAnswer {
  readonly status: number;
  readonly location: string | null; //             absolute
  readonly body: string; //                        its beginning
}

const name = "redirect URI";

/** Whether the issuer accepts this provider's authorization request, sent as a browser without a session sends it. */
export async function redirectCheck(provider: Provider, metadata: IssuerMetadata, world: DoctorWorld): Promise<Check> {
  const uri = redirectUri(provider);
  const url = await requestUrl(provider, metadata, uri, world);
  const answer = await askAuthorization(url, provider, world);
  if (answer === null) {
    return unknown(name, "this machine cannot reach the authorization endpoint; a browser may reach it", register(uri));
  }
  return judgedAnswer(answer, uri);
}

function register(uri: string): string {
  return `check that this URI is registered: ${uri}`;
}

function requestUrl({ oidc }: Provider, metadata: IssuerMetadata, uri: string, world: DoctorWorld): Promise<string> {
  return authorizationUrl(metadata, oidc, {
    state: randomToken(world.randomBytes),
    nonce: randomToken(world.randomBytes),
    codeVerifier: randomToken(world.randomBytes),
    redirectUri: uri,
    prompt: null,
  });
}

/** Null: no answer. With backchannel_host, a request to the issuer's own host goes to that host. */
async function askAuthorization(
  url: string,
  { oidc }: Provider,
  world: DoctorWorld,
): Promise<AuthorizationAnswer | null> {
  const target = new URL(url);
  const { host, hostname } = target;
  const isSplit = oidc.backchannelHost !== "" && host === new URL(oidc.issuer).host;
  if (isSplit) target.host = oidc.backchannelHost;
  try {
    const response = await fetch(target, {
      headers: { host, accept: "text/html", "user-agent": `Mozilla/5.0 (akproxy-doctor/${world.version})` },
      redirect: "manual",
      signal: AbortSignal.timeout(world.timeoutMilliseconds),
      tls: { ...(oidc.caPem === null ? {} : { ca: oidc.caPem }), ...(isSplit ? { serverName: hostname } : {}) },
    });
    const location = response.headers.get("location");
    const isAbsolute = location !== null && URL.canParse(location, url);
    return {
      status: response.status,
      location: isAbsolute ? new URL(location, url).href : null,
      body: await beginningOf(response),
    };
  } catch {
    return null; //                                 the endpoint is for browsers: this machine may not reach it
  }
}

async function beginningOf(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of response.body ?? []) {
    text += decoder.decode(bytes, { stream: true });
    if (text.length > 65_536) break;
  }
  return text;
}

/** Texts of issuers about an unknown redirect URI: the codes of Google and Entra, then sentences. */
const redirectComplaints: readonly RegExp[] = [
  /redirect_uri_mismatch|AADSTS50011/i,
  /(invalid|mismatch|unregistered|missing|illegal)[^.]{0,60}(redirect|callback)[ _-]?ur[il]/i,
  /(redirect(ion)?|callback)[ _-]?ur[il][^.]{0,80}(invalid|mismatch|missing|must be|(not|n't) (registered|allowed|valid|match))/i,
];

const clientComplaints: readonly RegExp[] = [
  /invalid_client|unauthorized_client|AADSTS700016/i,
  /(client|application)[^.]{0,40}(not found|unknown|invalid|missing|does not exist)/i,
  /(invalid|unknown|missing)[^.]{0,30}client/i,
];

const says = (text: string, complaints: readonly RegExp[]) => complaints.some((complaint) => complaint.test(text));

/** Reads only the visible text of a page: the links of a login page may contain the redirect URI. */
export function judgedAnswer({ status, location, body }: AuthorizationAnswer, uri: string): Check {
  if (location !== null && status >= 300 && status < 400) return judgedRedirect(new URL(location), uri);
  if (status >= 200 && status < 300 && /<input[^>]+type=["']?password/i.test(body)) {
    return ok(name, "accepted: the issuer shows its login page");
  }
  const text = body.replace(/<(script|style)\b[\s\S]*?<\/\1>|<[^>]*>/gi, " ");
  if (says(text, redirectComplaints)) return notRegistered(uri);
  if (says(text, clientComplaints)) return wrongClient;
  return unknown(name, `not known: the issuer answered ${status} with its own page`, register(uri));
}

function judgedRedirect(location: URL, uri: string): Check {
  const text = `${location.pathname} ${[...location.searchParams].flat().join(" ")}`;
  const error = location.searchParams.get("error");
  const isBack = `${location.origin}${location.pathname}` === new URL(uri).origin + new URL(uri).pathname;
  if (isBack) return judgedReturn(error);
  if (error !== null || /\berror\b/i.test(location.pathname)) {
    if (says(text, redirectComplaints)) return notRegistered(uri);
    if (says(text, clientComplaints)) return wrongClient;
    return unknown(name, "not known: the issuer shows an error page", register(uri));
  }
  return ok(name, `accepted: the issuer redirects the browser to /${location.pathname.split("/")[1] ?? ""}`);
}

/** An error at akproxy's own URI means that the URI is registered (RFC 6749 4.1.2.1). */
function judgedReturn(error: string | null): Check {
  const shown = error !== null && /^[\w-]{1,60}$/.test(error) ? error : null;
  if (shown === null || /_required$|^access_denied$/.test(shown)) return ok(name, "accepted");
  if (/client/.test(shown)) return wrongClient;
  return fail(
    name,
    `registered, but the issuer refuses the request: ${shown}`,
    "check scopes, authorize_params and the client",
  );
}

function notRegistered(uri: string): Check {
  return fail(name, "not registered at the issuer for this client", `register this URI at the issuer: ${uri}`);
}

const wrongClient = fail(
  name,
  "the issuer does not know this client_id",
  "correct client_id, or register the client at the issuer",
);
