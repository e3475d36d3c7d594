import type { Browser, BrowserOptions } from "../fakes/browser.ts";
import { es256, type FakeIssuer, issuerKey, startFakeIssuer, token } from "../fakes/idp.ts";
import { callback, type Stack, type StackOptions, startStack } from "./stack.ts";

/** akproxy before an issuer made by hand, which gives refresh tokens, rotates them, and logs in every user without a question. Its clock goes with akproxy's. */
export interface FakeLogins {
  readonly stack: Stack;
  readonly fake: FakeIssuer;
  /** What the next id_token says, over alice's claims. */
  claims: Readonly<Record<string, unknown>>;
  /** What the next answers of the token endpoint say besides; undefined takes a member out. */
  answer: Readonly<Record<string, unknown>>;
  /** The refresh tokens that were shown to the issuer, and those that it still takes. */
  readonly shown: readonly string[];
  readonly valid: Set<string>;
  /** Held requests for a refresh go on. */
  hold: Promise<void> | null;
  now(): number;
  advance(seconds: number): void;
  /** A browser that has logged in at `origin`. */
  login(origin?: string, options?: BrowserOptions): Promise<Browser>;
  /** An ES256 token of the issuer's with these claims. */
  signed(claims: Readonly<Record<string, unknown>>, header?: Readonly<Record<string, unknown>>): string;
  stop(): Promise<void>;
}

export const event = "http://schemas.openid.net/event/backchannel-logout";

export async function startFakeLogins(options: StackOptions = {}): Promise<FakeLogins> {
  const fake = startFakeIssuer();
  const client = `issuer = "${fake.issuer}"\nclient_id = "app"\nclient_secret = "a client secret of forty characters, yes"`;
  const stack = await startStack({ ...options, provider: `${client}\n${options.provider ?? ""}` });
  let shift = 0;
  let issued = 0;
  const shown: string[] = [];
  const valid = new Set<string>();

  function signed(claims: Readonly<Record<string, unknown>>, header: Readonly<Record<string, unknown>> = {}): string {
    return token({ alg: "ES256", kid: "fake", ...header }, claims, es256(issuerKey.privateKey));
  }

  function tokens(nonce: string | undefined): Response {
    issued += 1;
    const refreshToken = `refresh-token-${issued}`;
    valid.add(refreshToken);
    const now = logins.now();
    const claims = {
      iss: fake.issuer,
      aud: "app",
      sub: "u-alice",
      sid: `sid-${issued}`,
      exp: now + 300,
      iat: now,
      nonce,
      preferred_username: "alice",
      email: "alice@example.test",
      name: "Alice",
      groups: ["staff"],
      entitlements: ["demo"],
      ...logins.claims,
    };
    return Response.json({
      access_token: "access",
      token_type: "Bearer",
      expires_in: 300,
      refresh_token: refreshToken,
      id_token: signed(claims),
      ...logins.answer,
    });
  }

  fake.answers.token = async (request) => {
    const form = new URLSearchParams(await request.text());
    if (form.get("grant_type") === "authorization_code") return tokens(form.get("code") ?? "");
    const refreshToken = form.get("refresh_token") ?? "";
    shown.push(refreshToken);
    await logins.hold;
    if (!valid.delete(refreshToken)) return Response.json({ error: "invalid_grant" }, { status: 400 });
    return tokens(undefined);
  };

  const logins: FakeLogins = {
    stack,
    fake,
    claims: {},
    answer: {},
    shown,
    valid,
    hold: null,
    now: () => Math.floor(Date.now() / 1000) + shift,
    advance(seconds) {
      shift += seconds;
      stack.advance(seconds);
    },
    async login(origin = "http://app.test", browserOptions = {}) {
      const browser = stack.browser(browserOptions);
      const start = new URL((await browser.get(`${origin}/outpost.goauthentik.io/start?rd=/`)).location ?? "none:");
      // this issuer's code is the nonce that its id_token must have
      const [code, state] = [start.searchParams.get("nonce") ?? "", start.searchParams.get("state") ?? ""];
      const home = await browser.follow(`${origin}${callback}&${new URLSearchParams({ code, state })}`);
      if (home.status >= 400) throw new Error(`no login: ${home.status} at ${home.url}: ${home.text}`);
      return browser;
    },
    signed,
    async stop() {
      await stack.stop();
      await fake.stop();
    },
  };
  return logins;
}
