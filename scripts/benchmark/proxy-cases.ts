import type { HeaderLine } from "../../src/core/header-lines.ts";
import type { Launched } from "./launch.ts";
import { underProgram, underWrk } from "./loads.ts";
import { startCaddy, startHaproxy } from "./other-servers.ts";
import type { Contender, LoadCase } from "./shot.ts";
import { loggedInApache, loggedInOauth2Proxy } from "./verdict-cases.ts";
import type { World } from "./world.ts";
import type { WrkLoad } from "./wrk.ts";

type Server = Launched & { readonly port: number };
type Peer = "nginx" | "nginx tuned" | "haproxy" | "caddy" | "newer caddy";

/** Requests and connections passed on to an application. */
export function proxyCases(world: World): readonly LoadCase[] {
  return [
    oneKib(world),
    download(world, "proxy-64k", "Proxy, 64 KiB, session in memory", "64k", 64),
    download(world, "proxy-10m", "Proxy, 10 MiB, session in memory", "10m", 16),
    upload(world),
    webSocket(world, "ws-64b", "WebSocket echo, 64 B, 64 connections", 64),
    webSocket(world, "ws-16k", "WebSocket echo, 16 KiB, 64 connections", 16 * 1024),
    events(world),
    tls(world, "tls-1k", "HTTPS, kept alive, 1 KiB", "1k", {}),
    tls(world, "tls-64k", "HTTPS, kept alive, 64 KiB", "64k", {}),
    tls(world, "tls-new", "HTTPS, a new handshake for each request of 1 KiB", "1k", {
      connections: 16,
      headers: [["Connection", "close"]],
    }),
  ];
}

/** An akproxy with alice logged in at a provider of it, under the load that `of` makes of its address. */
async function ours(
  world: World,
  slug: "app" | "live",
  of: (at: {
    readonly server: Server;
    readonly host: string;
    readonly cookie: HeaderLine;
    readonly name: string;
  }) => Contender,
): Promise<readonly Contender[]> {
  const builds = [
    ["akproxy", "memory", world.binary],
    ...(world.earlier === null ? [] : [["akproxy, earlier build", "earlier", world.earlier]]),
  ];
  const contenders: Contender[] = [];
  for (const [name = "", slot = "", binary = ""] of builds) {
    const server = await world.akproxy(slot, "memory", binary);
    const host = `${slug}.localhost:${server.port}`;
    contenders.push(of({ server, host, cookie: ["Cookie", await world.login(`http://${host}/1k`)], name }));
  }
  return contenders;
}

/** The peers that are on this machine, proxying to `upstream`. */
async function peers(
  world: World,
  upstream: number,
  wanted: readonly Peer[],
): Promise<readonly (readonly [string, Server])[]> {
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

async function wrkOn(
  world: World,
  servers: readonly (readonly [string, Server])[],
  path: string,
  load: Partial<WrkLoad>,
): Promise<readonly Contender[]> {
  return servers.map(([name, server]) =>
    underWrk(world, name, server, { ...load, url: `http://127.0.0.1:${server.port}${path}` }),
  );
}

const everyone: readonly Peer[] = ["nginx", "nginx tuned", "haproxy", "caddy", "newer caddy"];

async function oursByWrk(
  world: World,
  slug: "app" | "live",
  path: string,
  load: Partial<WrkLoad>,
): Promise<readonly Contender[]> {
  return ours(world, slug, ({ server, host, cookie, name }) =>
    underWrk(world, name, server, {
      ...load,
      url: `http://127.0.0.1:${server.port}${path}`,
      headers: [["Host", host], cookie],
    }),
  );
}

/** nginx first: the others are compared with it. */
function nginxFirst([nginx, ...others]: readonly Contender[], us: readonly Contender[]): readonly Contender[] {
  return [...(nginx === undefined ? [] : [nginx]), ...us, ...others];
}

function oneKib(world: World): LoadCase {
  return {
    kind: "load",
    name: "proxy-1k",
    title: "Proxy, 1 KiB, session in memory",
    unit: "request",
    async contenders() {
      const theirs = await wrkOn(
        world,
        await peers(world, world.files, ["nginx", "haproxy", "caddy", "newer caddy"]),
        "/1k",
        {},
      );
      const outposts: Contender[] = [];
      for (const [name, peer] of [
        ["oauth2-proxy, session in its cookie", await loggedInOauth2Proxy(world)],
        ["Apache with mod_auth_openidc", await loggedInApache(world)],
      ] as const) {
        if (peer !== null)
          outposts.push(underWrk(world, name, peer.server, { url: `${peer.origin}/1k`, headers: [peer.cookie] }));
      }
      return [...nginxFirst(theirs, await oursByWrk(world, "app", "/1k", {})), ...outposts];
    },
  };
}

function download(world: World, name: string, title: string, file: string, connections: number): LoadCase {
  return {
    kind: "load",
    name,
    title,
    unit: "request",
    contenders: async () =>
      nginxFirst(
        await wrkOn(world, await peers(world, world.files, everyone), `/${file}`, { connections }),
        await oursByWrk(world, "app", `/${file}`, { connections }),
      ),
  };
}

function upload(world: World): LoadCase {
  const load = { connections: 16, post: { bytes: 1024 ** 2 } };
  return {
    kind: "load",
    name: "post-1m",
    title: "Proxy, POST of 1 MiB, session in memory",
    unit: "request",
    contenders: async () =>
      nginxFirst(
        await wrkOn(world, await peers(world, world.live, everyone), "/upload", load),
        await oursByWrk(world, "live", "/upload", load),
      ),
  };
}

function webSocket(world: World, name: string, title: string, bytes: number): LoadCase {
  return {
    kind: "load",
    name,
    title,
    unit: "message",
    async contenders() {
      const facts = { bytes, connections: 64 };
      const theirs = (await peers(world, world.live, ["nginx", "haproxy"])).map(([peer, server]) =>
        underProgram("web-socket-load.ts", peer, server, { ...facts, port: server.port, host: "x", cookie: "a=b" }),
      );
      const us = await ours(world, "live", ({ server, host, cookie, name: build }) =>
        underProgram("web-socket-load.ts", build, server, { ...facts, port: server.port, host, cookie: cookie[1] }),
      );
      return nginxFirst(theirs, us);
    },
  };
}

function events(world: World): LoadCase {
  return {
    kind: "load",
    name: "events-500",
    title: "Server-sent events, one to 500 streams (a time is that of the last arrival)",
    unit: "event",
    async contenders() {
      const facts = { connections: 500, upstreamPort: world.live };
      const theirs = (await peers(world, world.live, ["nginx", "haproxy", "newer caddy"])).map(([peer, server]) =>
        underProgram("event-load.ts", peer, server, { ...facts, port: server.port, host: "x", cookie: "a=b" }),
      );
      const us = await ours(world, "live", ({ server, host, cookie, name }) =>
        underProgram("event-load.ts", name, server, { ...facts, port: server.port, host, cookie: cookie[1] }),
      );
      return nginxFirst(theirs, us);
    },
  };
}

function tls(world: World, name: string, title: string, file: string, load: Partial<WrkLoad>): LoadCase {
  return {
    kind: "load",
    name,
    title,
    unit: "request",
    async contenders() {
      const { files: upstream, certificate, key } = world;
      const nginx = await world.nginx({ kind: "tls", upstream, certificate, key });
      const contenders = [underWrk(world, "nginx", nginx, { ...load, url: `https://127.0.0.1:${nginx.port}/${file}` })];
      const builds = [
        ["akproxy", "memory", world.binary],
        ...(world.earlier === null ? [] : [["akproxy, earlier build", "earlier", world.earlier]]),
      ];
      for (const [build = "", slot = "", binary = ""] of builds) {
        const server = await world.akproxy(slot, "memory", binary);
        const host = `secure.localhost:${server.tlsPort}`;
        const cookie: HeaderLine = ["Cookie", await world.login(`https://${host}/1k`)];
        const headers = [["Host", host], cookie, ...(load.headers ?? [])] as const;
        contenders.push(
          underWrk(world, build, server, { ...load, url: `https://127.0.0.1:${server.tlsPort}/${file}`, headers }),
        );
      }
      return contenders;
    },
  };
}
