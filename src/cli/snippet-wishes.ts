import { parseHost } from "../core/http/host.ts";
import type { ListenerWish, PlainAddress, SnippetWishes } from "../snippets/snippet-facts.ts";

/** The options of `akproxy snippet` as they were typed. */
export interface SnippetOptions {
  readonly config?: string;
  readonly variant?: string;
  readonly outpost?: string;
  readonly upstream?: string;
  readonly listen?: string;
  readonly host: readonly string[];
  readonly copyHeader: readonly string[];
  readonly certificate?: string;
  readonly key?: string;
  readonly complete?: true;
  readonly file?: string;
  readonly json?: true;
}

/** The options read; a string says which of them is wrong. What goes into a config is checked here: no value may end its line. */
export function snippetWishes(options: SnippetOptions): SnippetWishes | string {
  const outpost = plainAddress("--outpost", options.outpost);
  if (typeof outpost === "string") return outpost;
  const upstream = plainAddress("--upstream", options.upstream);
  if (typeof upstream === "string") return upstream;
  const listen = listener(options.listen);
  if (typeof listen === "string") return listen;
  const files = { certificate: options.certificate, key: options.key };
  const problem = hostProblem(options.host) ?? nameProblem(options.copyHeader) ?? fileProblem(files);
  if (problem !== null) return problem;
  return {
    listen,
    outpost,
    upstream,
    hosts: options.host.map((host) => host.toLowerCase()),
    additionalNames: options.copyHeader,
    certificate: options.certificate ?? null,
    key: options.key ?? null,
    extent: options.complete === true ? "complete" : "fragment",
  };
}

function plainAddress(option: string, text: string | undefined): PlainAddress | string | null {
  if (text === undefined) return null;
  const address = /^http:\/\/([^/]+)\/?$/i.exec(text)?.[1];
  const parsed = address === undefined ? null : parseHost(address);
  if (parsed === null) return `${option}: "${text}" is not http://HOST[:PORT]`;
  return { host: parsed.hostname, port: parsed.port ?? 80 };
}

/** PORT, HOST:PORT, and either after a scheme; without one, 80 is http, 443 https, and another port has the external host's. */
function listener(text: string | undefined): ListenerWish | string | null {
  if (text === undefined) return null;
  const parts = /^(?:(https?):\/\/)?(?:(.+):)?(\d{1,5})\/?$/i.exec(text);
  const port = Number(parts?.[3]);
  const host = parts?.[2] ?? "";
  const bad = `--listen: "${text}" is not PORT or HOST:PORT, with or without http:// or https:// before it`;
  if (parts === null || port < 1 || port > 65535) return bad;
  if (host !== "" && host !== "*" && parseHost(host) === null) return bad;
  return { scheme: schemeOf(parts[1], port), host: host === "*" ? "" : host, port };
}

function schemeOf(named: string | undefined, port: number): "http" | "https" | null {
  if (named === undefined) return port === 80 ? "http" : port === 443 ? "https" : null;
  return named.toLowerCase() === "http" ? "http" : "https";
}

function hostProblem(hosts: readonly string[]): string | null {
  const bad = hosts.find((host) => parseHost(host.replace(/^\*\./, ""))?.port !== null);
  return bad === undefined ? null : `--host: "${bad}" is not a host name; the port is external_host's`;
}

function nameProblem(names: readonly string[]): string | null {
  const bad = names.find((name) => !/^[A-Za-z0-9-]+$/.test(name));
  return bad === undefined ? null : `--copy-header: "${bad}" is not a name of letters, digits and dashes`;
}

function fileProblem(files: Readonly<Record<string, string | undefined>>): string | null {
  const bad = Object.entries(files).find(([, path]) => path !== undefined && !/^[\w./@+-]+$/.test(path));
  return bad === undefined ? null : `--${bad[0]}: "${bad[1]}" holds more than letters, digits and . / @ + - _`;
}
