import { Failure } from "../core/failure.ts";

/** How to reach an issuer: backchannel_host and ca_file of `[oidc]`, and limits (OIDC-12). */
export interface IssuerReach {
  readonly issuer: string;
  readonly backchannelHost: string; //             "": the issuer's own
  readonly caPem: string | null;
  readonly userAgent: string;
  readonly timeoutMs: number; //                   until the last byte of the answer
}

/** The part of a request that openid-client, oauth4webapi and jose pass and that is used. */
export interface IssuerRequest {
  readonly method?: string;
  readonly headers?: HeadersInit | undefined;
  readonly body?: BodyInit | null | undefined;
  readonly signal?: AbortSignal | null | undefined;
}

/**
 * Sends a request to the issuer. The whole body of the answer has been read. Throws `Failure` idp_unreachable (no answer, too late, 5xx) or
 * idp_misconfigured (a redirect, more than 1 MiB).
 */
export type IssuerFetch = (url: string, request: IssuerRequest) => Promise<Response>;

const maxBodyBytes = 1024 * 1024;

/** Every request to an issuer uses it: discovery, keys, token endpoint and userinfo (outpost behaviour 16: backchannel host, user agent). */
export function issuerFetch(reach: IssuerReach): IssuerFetch {
  return async (url, request) => {
    const place = placeOf(url);
    try {
      const response = await send(reach, url, request);
      refuseRedirect(response, place);
      if (response.status >= 500) {
        await response.body?.cancel();
        throw new Failure("idp_unreachable", `issuer: ${place} answered ${response.status}`);
      }
      const body = await readCapped(response, place);
      return new Response(body, { status: response.status, headers: response.headers });
    } catch (error) {
      throw error instanceof Failure ? error : unreachable(error, place, reach.timeoutMs);
    }
  };
}

function send(reach: IssuerReach, url: string, request: IssuerRequest): Promise<Response> {
  const target = new URL(url);
  const issuer = new URL(reach.issuer);
  const headers = new Headers(request.headers);
  headers.set("user-agent", reach.userAgent);
  const split = reach.backchannelHost !== "" && target.host === issuer.host;
  if (split) {
    headers.set("host", issuer.host);
    target.host = reach.backchannelHost;
  }
  const deadline = AbortSignal.timeout(reach.timeoutMs);
  return fetch(target, {
    method: request.method ?? "GET",
    headers,
    body: request.body ?? null,
    // A redirect could carry the code and the client's secret to another host (OIDC-11, OIDC-12).
    redirect: "manual",
    signal: request.signal ? AbortSignal.any([request.signal, deadline]) : deadline,
    // The certificate must be for the issuer's name even when the connection goes to backchannel_host.
    tls: { ...(reach.caPem === null ? {} : { ca: reach.caPem }), ...(split ? { serverName: issuer.hostname } : {}) },
  });
}

function refuseRedirect(response: Response, place: string): void {
  if (response.status < 300 || response.status >= 400) return;
  throw new Failure(
    "idp_misconfigured",
    `issuer: ${place} answered ${response.status}, and redirects are not followed`,
  );
}

async function readCapped(response: Response, place: string): Promise<Uint8Array<ArrayBuffer> | null> {
  if (response.body === null) return null;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.byteLength;
    // Leaving the loop cancels the stream.
    if (size > maxBodyBytes) throw new Failure("idp_misconfigured", `issuer: ${place} answered more than 1 MiB`);
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

function unreachable(error: unknown, place: string, timeoutMs: number): Failure {
  const late = error instanceof Error && error.name === "TimeoutError";
  const code = error instanceof Error && "code" in error ? String(error.code) : "no connection";
  const certificate = /SELF_SIGNED|UNABLE_TO_(GET|VERIFY)/.test(code) ? "; for a private authority set ca_file" : "";
  const why = late ? `did not answer within ${timeoutMs / 1000} s` : `cannot be reached: ${code}${certificate}`;
  return new Failure("idp_unreachable", `issuer: ${place} ${why}`, { cause: error });
}

/** The URL for messages: without its query. */
function placeOf(url: string): string {
  const { origin, pathname } = new URL(url);
  return `"${origin}${pathname}"`;
}
