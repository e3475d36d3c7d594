import { ours, oursByWrk, type Peer, peers, peersByWrk, withOurs } from "./contenders.ts";
import { underProgram, underWrk } from "./loads.ts";
import type { Contender, LoadCase } from "./shot.ts";
import { loggedInApache, loggedInOauth2Proxy } from "./verdict-cases.ts";
import type { World } from "./world.ts";

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
  ];
}

const everyone: readonly Peer[] = ["nginx", "nginx tuned", "haproxy", "caddy", "newer caddy"];

function oneKib(world: World): LoadCase {
  return {
    kind: "load",
    name: "proxy-1k",
    title: "Proxy, 1 KiB, session in memory",
    unit: "request",
    async contenders() {
      const found = await peers(world, world.files, ["nginx", "haproxy", "caddy", "newer caddy"]);
      const outposts: Contender[] = [];
      for (const [name, peer] of [
        ["oauth2-proxy, session in its cookie", await loggedInOauth2Proxy(world)],
        ["Apache with mod_auth_openidc", await loggedInApache(world)],
      ] as const) {
        if (peer === null) continue;
        outposts.push(underWrk(world, name, peer.server, { url: `${peer.origin}/1k`, headers: [peer.cookie] }));
      }
      const us = await oursByWrk(world, "app", "/1k", {});
      return [...withOurs(peersByWrk(world, found, "/1k", {}), us), ...outposts];
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
      withOurs(
        peersByWrk(world, await peers(world, world.files, everyone), `/${file}`, { connections }),
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
      withOurs(
        peersByWrk(world, await peers(world, world.live, everyone), "/upload", load),
        await oursByWrk(world, "live", "/upload", load),
      ),
  };
}

function webSocket(world: World, name: string, title: string, bytes: number): LoadCase {
  const work = { kind: "load", name, title, unit: "message" } as const;
  return {
    ...work,
    contenders: () => streaming(world, "web-socket-load.ts", ["nginx", "haproxy"], { bytes, connections: 64 }),
  };
}

function events(world: World): LoadCase {
  const facts = { connections: 500, upstreamPort: world.live };
  return {
    kind: "load",
    name: "events-500",
    title: "Server-sent events, one to 500 streams (a time is that of the last arrival)",
    unit: "event",
    contenders: () => streaming(world, "event-load.ts", ["nginx", "haproxy", "newer caddy"], facts),
  };
}

async function streaming(
  world: World,
  program: "web-socket-load.ts" | "event-load.ts",
  wanted: readonly Peer[],
  facts: Readonly<Record<string, number>>,
): Promise<readonly Contender[]> {
  const theirs = (await peers(world, world.live, wanted)).map(([name, server]) =>
    underProgram(program, name, server, { ...facts, port: server.port, host: "x", cookie: "a=b" }),
  );
  const us = await ours(world, "live", ({ name, server, port, host, cookie }) =>
    underProgram(program, name, server, { ...facts, port, host, cookie: cookie[1] }),
  );
  return withOurs(theirs, us);
}
