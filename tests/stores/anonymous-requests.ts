import { randomBytes } from "node:crypto";

const outpost = "/outpost.goauthentik.io";
const navigation = { accept: "text/html", "sec-fetch-mode": "navigate" };

/** Requests without a session: of browsers and programs, unfinished logins, forged cookies, callbacks, sign-outs. */
function requestOf(n: number): readonly [path: string, init: RequestInit] {
  const random = randomBytes(24).toString("base64url");
  const kinds: readonly (readonly [string, RequestInit])[] = [
    [`/page-${n}?x=${random}`, { headers: navigation }],
    [`/api/${n}`, { headers: { accept: "application/json" } }],
    [`${outpost}/start?rd=${encodeURIComponent(`http://app.test/${random}`)}`, { headers: navigation }],
    [
      "/",
      { headers: { ...navigation, cookie: `akproxy_app=${random}; akproxy_login_${random.slice(0, 8)}=${random}` } },
    ],
    [`${outpost}/callback?code=${random}&state=${random}`, { headers: navigation }],
    [`${outpost}/sign_out`, { headers: navigation }],
    [`/form-${n}`, { method: "POST", body: random }],
    [`/${random}`, { method: "HEAD", headers: navigation }],
  ];
  return kinds[n % kinds.length] ?? ["/", {}];
}

/** Sends this many, 32 at a time; returns how many were answered with each status. */
export async function anonymousRequests(port: number, count: number): Promise<ReadonlyMap<number, number>> {
  const statuses = new Map<number, number>();
  let sent = 0;
  async function worker(): Promise<void> {
    while (sent < count) {
      const [path, init] = requestOf(sent++);
      const headers = { ...init.headers, host: "app.test" };
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, { ...init, headers, redirect: "manual" });
      await answer.arrayBuffer();
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    }
  }
  await Promise.all(Array.from({ length: 32 }, worker));
  return statuses;
}
