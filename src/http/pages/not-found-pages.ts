import { failureStatus } from "../../core/failure.ts";
import { type PageRequest, type PageSpec, plainPage, referenceOf } from "./page-spec.ts";
import { shownValue } from "./shown-value.ts";

/** A host name has at most 253 characters, and a port (RFC 1035 2.3.4). */
const hostLimit = 260;

/**
 * No provider has the host. The page shows the host, the header it comes from, and whether akproxy trusts the sender's forwarded headers
 * (decision 6). A program gets authentik's JSON (authentik: Message, Host, Detail).
 */
export function unknownHost(request: PageRequest): PageSpec {
  const host = shownValue(request.host, hostLimit);
  return {
    ...plainPage,
    status: failureStatus.no_provider_for_host,
    code: "no_provider_for_host",
    tone: "trouble",
    title: "No application has this address",
    happened: "The request arrived, but no application is set up for its host.",
    advice: "Check the address; if you run this site, compare the host below with each provider's external_host.",
    facts: [
      { label: "Host seen", value: host },
      { label: "Read from", value: `the ${request.hostSource} header` },
      { label: "Sent by", value: senderOf(request) },
    ],
    reference: referenceOf(request),
    program: {
      kind: "authentik",
      members: {
        Message: "no app for hostname",
        Host: host,
        Detail: `Check the outpost settings and make sure '${host}' is included.`,
      },
    },
  };
}

function senderOf(request: PageRequest): string {
  return request.peerIsTrusted
    ? "a trusted proxy: its forwarded headers count"
    : "an address outside trusted_proxies: forwarded headers were ignored";
}

/** A path on the host of a forward auth provider that is not akproxy's (authentik: 404, plain text). */
export function notFound(request: PageRequest): PageSpec {
  return {
    ...plainPage,
    status: 404,
    code: "not_found",
    tone: "question",
    title: "There is nothing at this address",
    happened: "The request reached the sign-in service, which has no page at this path.",
    advice:
      "Check the address; if it belongs to an application, the reverse proxy in front of it sent the request here by mistake.",
    action: { kind: "link", label: "Go to the start page", href: "/" },
    reference: referenceOf(request),
  };
}
