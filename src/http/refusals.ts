import { requestedUrl, startUrl } from "../core/decide/return-to.ts";
import type { Identity } from "../core/identity.ts";
import type { Provider } from "../core/provider.ts";
import type { InboundRequest } from "../core/request.ts";
import { type Answer, pageAnswer } from "./answer.ts";
import type { Deps } from "./deps.ts";
import { type Exchange, pageRequest } from "./exchange.ts";
import { failurePage } from "./pages/failure-page.ts";
import { closedToAll, type DeniedRemark, loginRequired, notAllowed } from "./pages/login-pages.ts";
import { unknownHost } from "./pages/unknown-host-page.ts";

/** 401 with a challenge and the login's URL, and no cookie: nothing here was sent by somebody who could follow a redirect (decision 9). */
export function unauthorized(deps: Deps, exchange: Exchange): Answer {
  const { provider, request } = exchange;
  const spec = loginRequired({
    request: pageRequest(request, deps.now()),
    loginUrl: startUrl(
      provider,
      exchange.request.method === "GET" ? requestedUrl(provider, exchange.request) : provider.externalHost.href,
    ),
    challenges: [`Bearer realm="${provider.slug}"`],
  });
  return pageAnswer(spec, request, "unauthorized");
}

/** 403 for somebody who is known and may not enter, or for everybody where a rule says so. */
export function deniedPage(deps: Deps, exchange: Exchange, identity: Identity | null): Answer {
  const { provider, request } = exchange;
  if (identity === null) {
    const closed = closedToAll({ request: pageRequest(request, deps.now()), application: provider.name });
    return pageAnswer(closed, request, "denied");
  }
  const spec = notAllowed({
    request: pageRequest(request, deps.now()),
    username: identity.username,
    email: identity.email,
    application: provider.name,
    remarks: remarksOn(identity, provider),
    switchUrl: startUrl(provider, requestedUrl(provider, exchange.request), "other"),
  });
  return pageAnswer(spec, request, "denied", identity.username);
}

/** What the issuer said that may be why somebody is not among those who may enter. */
function remarksOn(identity: Identity, provider: Provider): readonly DeniedRemark[] {
  const allows = [
    provider.allow,
    ...provider.rules.map(({ access }) => (access.kind === "allow" ? access.allow : null)),
  ];
  const asksForEmail = allows.some((allow) => allow !== null && allow.emails.length + allow.emailDomains.length > 0);
  const remarks: DeniedRemark[] = [];
  if (identity.areGroupsLeftOut) remarks.push("groups_left_out");
  if (identity.emailVerified === false && asksForEmail) remarks.push("email_not_verified");
  return remarks;
}

/** 403 for a WebSocket that a page of another site asks for. */
export function foreignOrigin(deps: Deps, exchange: Exchange): Answer {
  const { request } = exchange;
  deps.log.warn("web socket refused: its Origin is not the external host", { request_id: request.id });
  return { ...badRequestPage(deps, request), status: 403 };
}

/** 400 for a request that akproxy does not serve as it stands. */
export function badRequestPage(deps: Deps, request: InboundRequest): Answer {
  const facts = { request: pageRequest(request, deps.now()), startUrl: null, issuerAnswer: null };
  return pageAnswer(failurePage("bad_request", facts), request, "refused");
}

/** 400 for a host of no provider: the page says which host akproxy saw, in which header, and whether it trusts the sender (decision 6). */
export function unknownHostPage(deps: Deps, request: InboundRequest): Answer {
  return pageAnswer(unknownHost(pageRequest(request, deps.now())), request, "refused");
}
