import type { HeaderLine } from "../../src/core/http/header-lines.ts";
import type { Akproxy } from "./akproxy.ts";
import type { Launched } from "./launch.ts";
import { underWrk } from "./loads.ts";
import { startCaddy, startHaproxy } from "./other-servers.ts";
import type { Contender } from "./shot.ts";
import type { World } from "./world.ts";
import type { WrkLoad } from "./wrk.ts";

type Server = Launched & { readonly port: number };

/** The proxies without a login that akproxy is measured beside. */
export type Peer = "nginx" | "nginx tuned" | "haproxy" | "caddy" | "newer caddy";

/** A build of akproxy with alice logged in at one of its providers. */
export interface LoggedIn {
  readonly name: string;
  readonly server: Akproxy;
  readonly origin: string; //                      by address: http://127.0.0.1:PORT
  readonly port: number; //                        the plain or the TLS one, by the provider's scheme
  readonly host: string; //                        what Host must say
  readonly cookie: HeaderLine;
}

/** This build, and the earlier one where one was given, each under the load that `of` gives. */
export async function ours(
  world: World,
  slug: "app" | "live" | "secure",
  of: (build: LoggedIn) => Contender,
): Promise<readonly Contender[]> {
  const builds = [{ name: "akproxy", slot: "memory", binary: world.binary }];
  if (world.earlier !== null) builds.push({ name: "akproxy, earlier build", slot: "earlier", binary: world.earlier });
  const scheme = slug === "secure" ? "https" : "http";
  const contenders: Contender[] = [];
  for (const { name, slot, binary } of builds) {
    const server = await world.akproxy(slot, "memory", binary);
    const port = slug === "secure" ? server.tlsPort : server.port;
    const host = `${slug}.localhost:${port}`;
    const cookie: HeaderLine = ["Cookie", await world.login(`${scheme}://${host}/1k`)];
    contenders.push(of({ name, server, origin: `${scheme}://127.0.0.1:${port}`, port, host, cookie }));
  }
  return contenders;
}

/** The same under wrk. */
export function oursByWrk(
  world: World,
  slug: "app" | "live" | "secure",
  path: string,
  load: Partial<WrkLoad>,
): Promise<readonly Contender[]> {
  return ours(world, slug, ({ name, server, origin, host, cookie }) =>
    underWrk(world, name, server, { ...load, url: `${origin}${path}`, headers: [["Host", host], cookie] }),
  );
}

/** The wanted peers that are on this machine, proxying to the application at port `upstream`; each with its name in the table. */
export async function peers(
  world: World,
  upstream: number,
  wanted: readonly Peer[],
): Promise<readonly (readonly [name: string, server: Server])[]> {
  const { haproxy, caddy, newerCaddy } = world.programs;
  const found: [string, Server][] = [];
  const add = async (peer: Peer, name: string, start: () => Promise<Server>) => {
    if (wanted.includes(peer)) found.push([name, await start()]);
  };
  await add("nginx", "nginx, as shipped", () => world.nginx({ kind: "proxy", upstream, buffers: "shipped" }));
  await add("nginx tuned", "nginx, buffers tuned", () => world.nginx({ kind: "proxy", upstream, buffers: "tuned" }));
  if (haproxy !== null) {
    await add("haproxy", "HAProxy", () =>
      world.peer(`haproxy ${upstream}`, (port) => startHaproxy(haproxy, port, upstream, world.folder)),
    );
  }
  for (const [peer, name, program] of [
    ["caddy", "Caddy 2.6", caddy],
    ["newer caddy", "Caddy 2.11", newerCaddy],
  ] as const) {
    if (program === null) continue;
    await add(peer, name, () =>
      world.peer(`${peer} ${upstream}`, (port) => startCaddy(program, port, upstream, world.folder)),
    );
  }
  return found;
}

/** Peers under wrk. */
export function peersByWrk(
  world: World,
  servers: readonly (readonly [name: string, server: Server])[],
  path: string,
  load: Partial<WrkLoad>,
): readonly Contender[] {
  return servers.map(([name, server]) =>
    underWrk(world, name, server, { ...load, url: `http://127.0.0.1:${server.port}${path}` }),
  );
}

/** The first peer, with which all are compared, then ours, then the other peers. */
export function withOurs([first, ...others]: readonly Contender[], us: readonly Contender[]): readonly Contender[] {
  return [...(first === undefined ? [] : [first]), ...us, ...others];
}
