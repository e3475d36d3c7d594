import { Failure } from "../core/failure.ts";
import { printable } from "../core/printable.ts";
import type { OidcClient } from "../core/provider.ts";
import { type IssuerFetch, issuerFetch } from "../idp/issuer-fetch.ts";
import { type IssuerMetadata, issuerMetadata } from "../idp/issuer-metadata.ts";
import { type Check, type DoctorWorld, fail, ok, type Section, unknown, unreachable, warn } from "./check.ts";

/** The checks of an issuer, and the facts they found. `metadata` null: the issuer is not usable. */
export interface ExaminedIssuer {
  readonly section: Section;
  readonly metadata: IssuerMetadata | null;
  readonly keys: readonly SigningKey[];
  readonly logout: IssuerLogout;
}

/** The type of one of the issuer's public keys (RFC 7517). */
export interface SigningKey {
  readonly type: string; //                        RSA, EC or OKP
  readonly curve: string; //                       "": none
}

/** The kinds of logout that the issuer advertises (OIDC Back-Channel and Front-Channel Logout 1.0, section 2 of each). */
export interface IssuerLogout {
  readonly backchannel: boolean;
  readonly frontchannel: boolean;
}

/** A name in a document of the issuer is shown up to this many characters. */
const longestName = 200;

type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };
type Document = { readonly [name: string]: Json };

/** Checks an issuer with the requests of a login: discovery, its issuer value, its keys, its clock, and its logout endpoints. */
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
  readonly date: string | null; //                 the Date header of the response
}

async function discover({ issuer }: OidcClient, fetch: IssuerFetch): Promise<Discovered> {
  const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const begunAt = performance.now();
  const lacking = { document: null, date: null };
  try {
    const response = await fetch(url, { headers: { accept: "application/json" } });
    const milliseconds = Math.round(performance.now() - begunAt);
    if (response.status !== 200) {
      const fix = "correct issuer: it is the part of the URL before /.well-known/openid-configuration";
      return { ...lacking, check: fail("discovery", `${url} answered ${response.status}`, fix) };
    }
    const document = documentOf(await response.text());
    const check =
      document === null
        ? fail("discovery", `${url} did not return a JSON object`, "check that issuer is the right URL")
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
    return null; //                                 reported as a document that is not JSON
  }
}

function notReached(name: string, thrown: unknown): Check {
  if (!(thrown instanceof Failure)) throw thrown;
  const text = thrown.message.replace(/^issuer: /, "");
  if (thrown.code !== "idp_unreachable") return fail(name, text, "set issuer to the issuer's own URL");
  return unreachable(name, text, "check the way from this machine to it: DNS, firewall, ca_file, backchannel_host");
}

function sameIssuerCheck(issuer: string, { issuer: named = null }: Document): Check {
  if (named === issuer) return ok("same issuer", `both say ${issuer}`);
  const said = typeof named === "string" ? printable(named.slice(0, longestName)) : "nothing";
  const text = `the config says ${issuer}, the issuer says ${said}`;
  const fix =
    typeof named === "string"
      ? `if that is your issuer, set issuer = ${JSON.stringify(named)}, byte for byte`
      : "check that issuer is the right URL";
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
    const fix = "test a login: akproxy sends S256 anyway, and the issuer may refuse it";
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
  if (jwksUri === null)
    return {
      keys: [],
      check: unknown("keys", "the issuer has no jwks_uri, so akproxy can verify HMAC signatures only"),
    };
  try {
    const response = await fetch(jwksUri, { headers: { accept: "application/json" } });
    const keys = response.status === 200 ? keysOf(documentOf(await response.text())) : [];
    const kinds = keys.map(({ type, curve }) => [type, curve].filter((part) => part !== "").join(" "));
    if (keys.length > 0) return { keys, check: ok("keys", kinds.join(", ")) };
    const what = response.status === 200 ? "has no signing key" : `answered ${response.status}`;
    return { keys, check: fail("keys", `${jwksUri} ${what}`, "set a signing key at the issuer") };
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
    return ["RSA", "EC", "OKP"].includes(kty) ? [{ type: kty, curve: printable(crv.slice(0, longestName)) }] : [];
  });
}

/** A Date header has whole seconds (RFC 9110 5.6.7). Tokens have a tolerance of 60 s. */
function clockCheck(date: string | null, world: DoctorWorld): Check {
  const issuerNow = date === null ? Number.NaN : Date.parse(date) / 1000;
  if (Number.isNaN(issuerNow)) return unknown("clock", "the issuer sends no Date header");
  const skew = Math.round(world.now() - issuerNow);
  const size = Math.abs(skew);
  const text = size <= 1 ? "in sync with the issuer" : `${size} s ${skew > 0 ? "ahead of" : "behind"} the issuer`;
  const fix = "synchronize both clocks: timedatectl set-ntp true";
  if (size > 60) return fail("clock", `${text}: akproxy refuses its tokens`, fix);
  return size > 30 ? warn("clock", text, fix) : ok("clock", text);
}

function endSessionCheck({ endSessionEndpoint }: IssuerMetadata): Check {
  return endSessionEndpoint === null
    ? warn(
        "sign-out",
        "no end_session_endpoint: after a sign-out the user is still logged in at the issuer",
        "look for it in the issuer's manual",
      )
    : ok("sign-out", "also ends the issuer's session");
}
