import { type PageRequest, type PageSpec, plainPage, referenceOf } from "./page-spec.ts";

/** A path under /outpost.goauthentik.io/ that means nothing (authentik: 404, plain text). */
export function notFound(request: PageRequest): PageSpec {
  return {
    ...plainPage,
    status: 404,
    code: "not_found",
    tone: "question",
    title: "There is nothing at this address",
    happened: "The path belongs to the sign-in service, but it has no such page.",
    advice: "Check the address, or go to the start page.",
    action: { kind: "link", label: "Go to the start page", href: "/" },
    reference: referenceOf(request),
  };
}
