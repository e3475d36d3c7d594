import { hostKey, parseHost } from "./host.ts";
import { type JudgedTarget, judgeTarget } from "./judged-target.ts";

/** A URL or a path from the command line or the config, as `serve` would read it from a request. */
export interface GivenUrl {
  readonly given: string;
  readonly scheme: "http" | "https";
  readonly host: string; //                        as InboundRequest.host
  readonly target: JudgedTarget;
}

/** The URL, or what is wrong with it; `hint` is the next action. */
export type ReadUrl = { readonly kind: "url"; readonly url: GivenUrl } | UnusableUrl;

interface UnusableUrl {
  readonly kind: "unusable";
  readonly message: string;
  readonly hint: string;
}

const urlPattern = /^(https?):\/\/([^/?#]*)([^#]*)/i;

/**
 * Reads `given` and keeps its path as it is: dot segments and escapes are what the operator wants to test. Like a browser, it drops the fragment
 * and encodes spaces and non-ASCII characters. A path without a host belongs to `origin`; without an origin it is unusable.
 */
export function givenUrl(given: string, origin: string | null): ReadUrl {
  const url = given.startsWith("/") && origin !== null ? `${origin}${given}` : given;
  const match = urlPattern.exec(url);
  if (match === null) return unusable(given, origin);
  const scheme = match[1]?.toLowerCase() === "http" ? "http" : "https";
  const host = parseHost(match[2] ?? "");
  if (host === null) {
    const message = `URL ${JSON.stringify(given)} has no valid host`;
    return { kind: "unusable", message, hint: "write https://HOST[:PORT]/PATH" };
  }
  const rest = match[3] ?? "";
  const target = rest.startsWith("/") ? rest : `/${rest}`;
  const judged = judgeTarget(encodedAsByBrowsers(target));
  return { kind: "url", url: { given, scheme, host: hostKey(host, scheme), target: judged } };
}

function unusable(given: string, origin: string | null): UnusableUrl {
  const shown = JSON.stringify(given);
  if (given.startsWith("/") && origin === null) {
    const message = `path ${shown} alone cannot be tested in domain level, where patterns are searched in the whole URL`;
    return { kind: "unusable", message, hint: `write https://HOST${given}` };
  }
  return {
    kind: "unusable",
    message: `${shown} is neither a URL nor a path`,
    hint: "write https://HOST/PATH or /PATH",
  };
}

function encodedAsByBrowsers(target: string): string {
  return target.replace(/[^\u0021-\u007e]+/gu, (text) => encodeURIComponent(text.toWellFormed()));
}
