import { Failure } from "../core/failure.ts";
import type { OidcClient } from "../core/provider.ts";
import { type IssuerFetch, issuerFetch } from "../idp/issuer-fetch.ts";
import { type IssuerMetadata, issuerMetadata } from "../idp/issuer-metadata.ts";
import { type Check, type DoctorWorld, fail, ok, type Section, unreachable, untold, warn } from "./check.ts";

/** What is known of an issuer after its checks; metadata null: it can't be used as it is. */
export interface ExaminedIssuer {
  readonly section: Section;
  readonly metadata: IssuerMetadata | null;
  readonly keys: readonly SigningKey[];
  readonly logout: IssuerLogout;
}

/** A public key of the issuer's, by its kind (RFC 7517). */
export interface SigningKey {
  readonly type: string; //                        RSA, EC or OKP
  readonly curve: string; //                       "": none
}

/** What the issuer advertises of logout (OIDC Back-Channel and Front-Channel Logout 1.0, section 2 of each). */
export interface IssuerLogout {
  readonly backchannel: boolean;
  readonly frontchannel: boolean;
}

type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };
type Document = { readonly [name: string]: Json };

/** Asks an issuer as a login does: discovery, who it says it is, its keys, its clock, and its ways to end a session. */
export async function examineIssuer(client: OidcClient, world: DoctorWorld): Promise<ExaminedIssuer> {
  const { issuer } = client;
  const fetch = issuerFetch({
    issuer,
    backchannelHost: client.backchannelHost,
    caPem: client.caPem,
    userAgent: `goauthentik.io/outpost/${world.version} (doctor)`,
    timeoutMs: world.timeoutMilliseconds,
  });
  const none = { metadata: null, keys: [], logout: { backchannel: false, frontchannel: false } };
  const title = `issuer ${issuer}`;
  const discovered = await discover(client, fetch);
  if (discovered.document === null) return { ...none, section: { title, checks: [discovered.check] } };
  const { document } = discovered;
  const read = readMetadata(issuer, document);
  const before = [discovered.check, sameIssuerCheck(issuer, document), ...read.checks];
  if (read.metadata === null) {
    return { ...none, section: { title, checks: [...before, clockCheck(discovered.date, world)] } };
  }
  const fetched = await fetchKeys(read.metadata, fetch);
  const logout = {
    backchannel: document["backchannel_logout_supported"] === true,
    frontchannel: document["frontchannel_logout_supported"] === true,
  };
  const after = [fetched.check, clockCheck(discovered.date, world), endSessionCheck(read.metadata)];
  return {
    section: { title, checks: [...before, ...after] },
    metadata: read.metadata,
    keys: fetched.keys,
    logout,
  };
}

interface Discovered {
  readonly check: Check;
  readonly document: Document | null;
  readonly date: string | null; //                 the Date field of the answer
}

async function discover({ issuer }: OidcClient, fetch: IssuerFetch): Promise<Discovered> {
  const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const begunAt = performance.now();
  const lacking = { document: null, date: null };
  try {
    const response = await fetch(url, { headers: { accept: "application/json" } });
    const milliseconds = Math.round(performance.now() - begunAt);
    if (response.status !== 200) {
      const fix = "correct issuer: it is the address before /.well-known/openid-configuration";
      return { ...lacking, check: fail("discovery", `${url} answered ${response.status}`, fix) };
    }
    const document = documentOf(await response.text());
    const check =
      document === null
        ? fail("discovery", `${url} is no JSON object`, "see whether issuer is the right address")
        : ok("discovery", `answered in ${milliseconds} ms`);
    return { check, document, date: response.headers.get("date") };
  } catch (thrown) {
    return { ...lacking, check: notReached("discovery", thrown) };
  }
}

function documentOf(text: string): Document | null {
  try {
    const document: Json = JSON.parse(text);
    // as: neither null nor a list, so that it is an object; TypeScript does not tell readonly lists apart
    return typeof document === "object" && document !== null && !Array.isArray(document)
      ? (document as Document)
      : null;
  } catch {
    return null; //                                 told as a document that is no JSON
  }
}

function notReached(name: string, thrown: unknown): Check {
  if (!(thrown instanceof Failure)) throw thrown;
  const text = thrown.message.replace(/^issuer: /, "");
  if (thrown.code !== "idp_unreachable") return fail(name, text, "name the issuer's own address in issuer");
  return unreachable(name, text, "see that this machine reaches it: name, firewall, ca_file, backchannel_host");
}

function sameIssuerCheck(issuer: string, { issuer: named = null }: Document): Check {
  if (named === issuer) return ok("same issuer", `both say ${issuer}`);
  const said = typeof named === "string" ? printable(named) : "nothing";
  const text = `the config says ${issuer}, the issuer says ${said}`;
  const fix =
    typeof named === "string"
      ? `write issuer = ${JSON.stringify(named)}, byte for byte, where that is your issuer`
      : "see whether issuer is the right address";
  return fail("same issuer", text, fix);
}

function readMetadata(
  issuer: string,
  document: Document,
): { readonly metadata: IssuerMetadata | null; readonly checks: readonly Check[] } {
  if (document["issuer"] !== issuer) return { metadata: null, checks: [] };
  try {
    const metadata = issuerMetadata(issuer, document);
    const methods = document["code_challenge_methods_supported"] ?? null;
    const hasPkce = methods === null || (Array.isArray(methods) && methods.includes("S256"));
    const fix = "akproxy sends S256 all the same; see whether the issuer refuses it";
    return {
      metadata,
      checks: [hasPkce ? ok("endpoints", "complete") : warn("endpoints", "PKCE with S256 is not advertised", fix)],
    };
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    const text = thrown.message.replace(`issuer "${issuer}": `, "");
    return { metadata: null, checks: [fail("endpoints", text, "correct it at the issuer")] };
  }
}

async function fetchKeys(
  { jwksUri }: IssuerMetadata,
  fetch: IssuerFetch,
): Promise<{ readonly keys: readonly SigningKey[]; readonly check: Check }> {
  if (jwksUri === null) return { keys: [], check: untold("keys", "it has no jwks_uri: only an HMAC can be verified") };
  try {
    const response = await fetch(jwksUri, { headers: { accept: "application/json" } });
    const keys = response.status === 200 ? keysOf(documentOf(await response.text())) : [];
    const kinds = keys.map(({ type, curve }) => [type, curve].filter((part) => part !== "").join(" "));
    if (keys.length > 0) return { keys, check: ok("keys", kinds.join(", ")) };
    const what = response.status === 200 ? "has no key to sign with" : `answered ${response.status}`;
    return { keys, check: fail("keys", `${jwksUri} ${what}`, "choose a signing key at the issuer") };
  } catch (thrown) {
    return { keys: [], check: notReached("keys", thrown) };
  }
}

function keysOf(document: Document | null): readonly SigningKey[] {
  const listed = document?.["keys"] ?? [];
  if (!Array.isArray(listed)) return [];
  return listed.flatMap((key: Json) => {
    if (typeof key !== "object" || key === null || !("kty" in key)) return [];
    const { kty, crv = "", use = "sig" } = key;
    if (typeof kty !== "string" || typeof crv !== "string" || use !== "sig") return [];
    return ["RSA", "EC", "OKP"].includes(kty) ? [{ type: kty, curve: printable(crv) }] : [];
  });
}

/** A Date field counts in whole seconds (RFC 9110 5.6.7). Tokens are given 60 s of tolerance. */
function clockCheck(date: string | null, world: DoctorWorld): Check {
  const issuerNow = date === null ? Number.NaN : Date.parse(date) / 1000;
  if (Number.isNaN(issuerNow)) return untold("clock", "the issuer does not tell its time");
  const skew = Math.round(world.now() - issuerNow);
  const size = Math.abs(skew);
  const text = size <= 1 ? "the same as the issuer's" : `${size} s ${skew > 0 ? "ahead of" : "behind"} the issuer's`;
  const fix = "keep both in time: timedatectl set-ntp true";
  if (size > 60) return fail("clock", `${text}: tokens are refused`, fix);
  return size > 30 ? warn("clock", text, fix) : ok("clock", text);
}

function endSessionCheck({ endSessionEndpoint }: IssuerMetadata): Check {
  return endSessionEndpoint === null
    ? warn(
        "sign-out",
        "no end_session_endpoint: who signs out stays logged in at the issuer",
        "see the issuer's manual",
      )
    : ok("sign-out", "ends the issuer's session, too");
}

/** What comes from outside may hold what moves a terminal's cursor. */
function printable(text: string): string {
  return text.replace(/[^ -~]/g, "?").slice(0, 200);
}
