import { parseHost } from "../../core/http/host.ts";
import type { ListenerWish, PlainAddress, SnippetWishes } from "../../snippets/snippet-facts.ts";
import { badWord } from "../usage.ts";

/** The options of `akproxy snippet`, each read by its type. */
export interface SnippetOptions {
  readonly config?: string;
  readonly variant?: string;
  readonly outpost?: PlainAddress;
  readonly upstream?: PlainAddress;
  readonly listen?: ListenerWish;
  readonly host?: readonly string[];
  readonly copyHeader?: readonly string[];
  readonly certificate?: string;
  readonly key?: string;
  readonly complete?: true;
  readonly file?: string;
  readonly json?: true;
}

/** What the options say besides the config. */
export function snippetWishes(options: SnippetOptions): SnippetWishes {
  return {
    listen: options.listen ?? null,
    outpost: options.outpost ?? null,
    upstream: options.upstream ?? null,
    hosts: options.host ?? [],
    additionalNames: options.copyHeader ?? [],
    certificate: options.certificate ?? null,
    key: options.key ?? null,
    extent: options.complete === true ? "complete" : "fragment",
  };
}

/*
 * The parsers of the options. Their values become part of a config file, so a parser refuses what could end a line or a word there.
 */

/** `http://HOST[:PORT]`. */
export function addressOf(option: "--outpost" | "--upstream") {
  return (word: string): PlainAddress => {
    const address = /^http:\/\/([^/]+)\/?$/i.exec(word)?.[1];
    const parsed = address === undefined ? null : parseHost(address);
    if (parsed !== null) return { host: parsed.hostname, port: parsed.port ?? 80 };
    const hint = `write it as ${option} http://127.0.0.1:${option === "--outpost" ? 9000 : 8080}`;
    throw badWord(`${option}: ${quoted(word)} is not http://HOST[:PORT]`, hint);
  };
}

/** PORT, HOST:PORT, or either of them after a scheme. Without a scheme, 80 is http, 443 is https, and another port has the external host's. */
export function listenerOf(word: string): ListenerWish {
  const parts = /^(?:(https?):\/\/)?(?:(.+):)?(\d{1,5})\/?$/i.exec(word);
  const port = Number(parts?.[3]);
  const host = parts?.[2] ?? "";
  const isHost = host === "" || host === "*" || parseHost(host) !== null;
  if (parts !== null && port >= 1 && port <= 65535 && isHost) {
    return { scheme: schemeOf(parts[1], port), host: host === "*" ? "" : host, port };
  }
  throw badWord(
    `--listen: ${quoted(word)} is not PORT or HOST:PORT, with or without http:// or https:// before it`,
    "write it as --listen 8443, --listen 127.0.0.1:8080 or --listen https://192.0.2.1:443",
  );
}

function schemeOf(named: string | undefined, port: number): ListenerWish["scheme"] {
  if (named === undefined) return port === 80 ? "http" : port === 443 ? "https" : null;
  return named.toLowerCase() === "http" ? "http" : "https";
}

/** A host name in lower case, without a port; `*.` may stand before it. */
export function hostNameOf(word: string): string {
  if (parseHost(word.replace(/^\*\./, ""))?.port === null) return word.toLowerCase();
  throw badWord(`--host: ${quoted(word)} is not a host name`, "leave out the port: external_host has it");
}

/** The name of a header. */
export function headerNameOf(word: string): string {
  if (/^[A-Za-z0-9-]+$/.test(word)) return word;
  const hint = "write a name of additionalHeaders, as --copy-header X-Team";
  throw badWord(`--copy-header: ${quoted(word)} is not a name of letters, digits and dashes`, hint);
}

/** A path that needs no quoting in any of the configs. */
export function pathOf(option: "--certificate" | "--key") {
  return (word: string): string => {
    if (/^[\w./@+-]+$/.test(word)) return word;
    const message = `${option}: ${quoted(word)} holds more than letters, digits and . / @ + - _`;
    throw badWord(message, "use a path of those, for example a symbolic link");
  };
}

function quoted(word: string): string {
  return JSON.stringify(word);
}
