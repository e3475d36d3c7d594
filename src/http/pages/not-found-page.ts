import { type PageRequest, type PageSpec, plainPage, referenceOf } from "./page-spec.ts";

/** A path that is none of ours on the host of a forward auth provider (authentik: 404, plain text). */
export function notFound(request: PageRequest): PageSpec {
  return {
    ...plainPage,
    status: 404,
    code: "not_found",
    tone: "question",
    title: "There is nothing at this address",
    happened: "The request reached the sign-in service, which has no page at this path.",
    advice:
      "Check the address; if it is an application's, the reverse proxy in front of it sent the request here by mistake.",
    action: { kind: "link", label: "Go to the start page", href: "/" },
    reference: referenceOf(request),
  };
}
