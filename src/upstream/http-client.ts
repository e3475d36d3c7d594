import { Failure } from "../core/failure.ts";
import { firstValue } from "../core/header-lines.ts";
import type { UpstreamRequest } from "../core/upstream-request.ts";
import type { UpstreamClient, UpstreamResponse } from "../ports/upstream-client.ts";
import { upstreamName, upstreamTls, upstreamUrl } from "./address.ts";
import { type Deadline, startDeadline } from "./deadline.ts";
import { answerHeaders, fetchHeaders } from "./hop-headers.ts";
import { pulledStream, wholeStream } from "./pulled-stream.ts";

/**
 * Sends requests to upstreams by Bun's `fetch`: no redirect is followed, nothing is inflated, no proxy of the environment is used
 * (UPS-08, UPS-09, UPS-15). Bun sends a request once more on a pooled connection that turned out to be closed when its method is
 * idempotent, a POST never (UPS-10). `fetch` loses the reason phrase and joins repeated fields other than Set-Cookie.
 */
export function fetchUpstream(): UpstreamClient["send"] {
  return async (request, body, signal) => {
    const url = upstreamUrl(request, request.upstream.scheme);
    refuseWhatFetchChanges(request, body);
    const deadline = startDeadline(request.timeoutSeconds, signal);
    const upload: Upload = { broken: null };
    try {
      const response = await fetch(url, fetchOptions(request, body, deadline, upload));
      deadline.stop();
      refuseUnusable(request, response);
      const answerBody = await bodyOf(request, response, deadline);
      return { status: response.status, headers: answerHeaders([...response.headers]), ...answerBody };
    } catch (error) {
      deadline.abort();
      throw failureOf(error, request, {
        timedOut: deadline.expired(),
        clientLeft: signal.aborted,
        broken: upload.broken,
      });
    }
  };
}

/** `fetch` turns a method it does not know into GET, and refuses a body on GET and HEAD; Bun's server drops such a body before us. */
function refuseWhatFetchChanges(request: UpstreamRequest, body: ReadableStream<Uint8Array> | null): void {
  const { method } = request;
  if (new Request("http://localhost/", { method }).method !== method) {
    throw new Failure("upstream_not_carried", "upstream: the request's method is none that can be sent on");
  }
  const announced = firstValue(request.headers, "content-length") ?? "0";
  if ((method === "GET" || method === "HEAD") && (body !== null || announced.trim() !== "0")) {
    throw new Failure("upstream_not_carried", `upstream: a ${method} request with a body can't be sent on`);
  }
}

/** How the request's body fares; `broken` is what its source failed with, null while it has not. */
interface Upload {
  broken: unknown;
}

function fetchOptions(
  request: UpstreamRequest,
  body: ReadableStream<Uint8Array> | null,
  deadline: Deadline,
  upload: Upload,
): BunFetchRequestInit {
  const { upstream } = request;
  const failed = (cause: unknown): void => {
    upload.broken = cause;
  };
  return {
    method: request.method,
    headers: fetchHeaders(request.headers),
    // The limit is on the upstream's silence: a slow client that still sends does not use it up
    body: body === null ? null : pulledStream(body, { chunk: deadline.restart, failed }),
    ...(body === null ? {} : { duplex: "half" }),
    redirect: "manual",
    decompress: false,
    keepalive: true,
    proxy: false,
    timeout: false,
    signal: deadline.signal,
    tls: upstreamTls(upstream),
    ...(upstream.unixPath === null ? {} : { unix: upstream.unixPath }),
  };
}

function refuseUnusable(request: UpstreamRequest, { status }: Response): void {
  if (status >= 200 && status <= 599) return;
  const name = upstreamName(request.upstream);
  throw new Failure("upstream_unreachable", `upstream: "${name}" answered with status ${status}`);
}

/** Answers up to this length are taken whole before they are handed on, so that their Content-Length survives (`wholeStream`). */
const wholeBodyBytes = 256 * 1024;

async function bodyOf(
  request: UpstreamRequest,
  response: Response,
  deadline: Deadline,
): Promise<Pick<UpstreamResponse, "body" | "ended">> {
  const bodyless = request.method === "HEAD" || [204, 205, 304].includes(response.status);
  if (bodyless || response.body === null) return { body: null, ended: Promise.resolve() };
  const length = response.headers.get("content-length") ?? "";
  const short = /^\d+$/.test(length) && Number(length) <= wholeBodyBytes && !response.headers.has("transfer-encoding");
  if (short) return { body: wholeStream(await response.bytes()), ended: Promise.resolve() };
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  return { body: pulledStream(response.body, { cancelled: deadline.abort, ended: resolve }), ended };
}

interface Circumstances {
  readonly timedOut: boolean;
  readonly clientLeft: boolean;
  readonly broken: unknown; // null: the request's body was fine
}

function failureOf(error: unknown, request: UpstreamRequest, circumstances: Circumstances): Failure {
  if (error instanceof Failure) return error;
  const name = upstreamName(request.upstream);
  if (circumstances.timedOut) {
    const seconds = request.timeoutSeconds;
    return new Failure("upstream_timeout", `upstream: "${name}" sent nothing for ${seconds} s`, { cause: error });
  }
  if (circumstances.broken !== null || codeOf(error) === "ERR_HTTP_CONTENT_LENGTH_MISMATCH") {
    return new Failure("bad_request", "request body: broken off or not of its announced length", { cause: error });
  }
  if (circumstances.clientLeft) {
    return new Failure("upstream_unreachable", `upstream: "${name}" had not answered when the client left`, {
      cause: error,
    });
  }
  return new Failure("upstream_unreachable", `upstream: "${name}" gave no usable answer: ${codeOf(error)}`, {
    cause: error,
  });
}

/** The stable part of what Bun throws; its message may hold the URL, and a URL may hold a secret. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}
