import type { HeaderLines } from "../../src/core/http/header-lines.ts";
import { underWrk } from "./loads.ts";
import { startApache, startOauth2Proxy } from "./other-servers.ts";
import { dialects, question, verdictCookie } from "./questions.ts";
import type { Contender, LoadCase } from "./shot.ts";
import type { World } from "./world.ts";

/** What a Chromium sends with a navigation, besides Host and Cookie; a reverse proxy's question holds them, too. */
const browserHeaders: HeaderLines = [
  [
    "User-Agent",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
  ],
  ["Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"],
  ["Accept-Language", "en-GB,en;q=0.9,de;q=0.8"],
  ["Accept-Encoding", "gzip, deflate, br, zstd"],
  ["Sec-Fetch-Site", "same-origin"],
  ["Sec-Fetch-Mode", "navigate"],
  ["Sec-Fetch-User", "?1"],
  ["Sec-Fetch-Dest", "document"],
  ["Upgrade-Insecure-Requests", "1"],
  ["Cache-Control", "max-age=0"],
];

/** Questions of reverse proxies. */
export function verdictCases(world: World): readonly LoadCase[] {
  return [withSession(world), asBrowser(world), anonymous(world), publicPath(world)];
}

function load(name: string, title: string, contenders: () => Promise<readonly Contender[]>): LoadCase {
  return { kind: "load", name, title, unit: "request", contenders };
}

async function nginxAlone(world: World, headers: HeaderLines = []): Promise<Contender> {
  const nginx = await world.nginx({ kind: "verdict" });
  return underWrk(world, "nginx, 200 with 12 headers, no check", nginx, {
    url: `http://127.0.0.1:${nginx.port}/x`,
    headers,
  });
}

/** Another build of akproxy, where one was given. */
async function earlierBuild(world: World, more: HeaderLines = []): Promise<readonly Contender[]> {
  if (world.earlier === null) return [];
  const server = await world.akproxy("earlier", "memory", world.earlier);
  const { url, headers } = question("nginx", "single", server.port);
  const cookie = await verdictCookie(world, server.port);
  return [underWrk(world, "akproxy, earlier build, nginx", server, { url, headers: [...headers, cookie, ...more] })];
}

function withSession(world: World): LoadCase {
  return load("verdict", "Verdict, session in memory", async () => {
    const server = await world.akproxy("memory");
    const cookie = await verdictCookie(world, server.port);
    const ours = dialects.map((dialect) => {
      const { url, headers } = question(dialect, "single", server.port);
      return underWrk(world, `akproxy, ${dialect}`, server, { url, headers: [...headers, cookie] });
    });
    const more = [
      ...(await earlierBuild(world)),
      ...(await oauth2ProxyVerdict(world)),
      ...(await apacheVerdict(world)),
    ];
    return [await nginxAlone(world, [cookie]), ...ours, ...more];
  });
}

function asBrowser(world: World): LoadCase {
  return load("verdict-browser", "The same, with the 10 headers more that a browser sends", async () => {
    const server = await world.akproxy("memory");
    const cookie = await verdictCookie(world, server.port);
    const { url, headers } = question("nginx", "single", server.port);
    const ours = underWrk(world, "akproxy, nginx", server, { url, headers: [...headers, cookie, ...browserHeaders] });
    return [await nginxAlone(world, [cookie, ...browserHeaders]), ours, ...(await earlierBuild(world, browserHeaders))];
  });
}

/** oauth2-proxy with a login behind it; none where it is not on this machine. */
export async function loggedInOauth2Proxy(world: World) {
  const { oauth2Proxy } = world.programs;
  if (oauth2Proxy === null) return null;
  const { issuer, files, folder } = world;
  const start = (port: number) => startOauth2Proxy(oauth2Proxy, { issuer, port, upstream: files, folder });
  return loggedIn(world, await world.peer("oauth2Proxy", start));
}

/** Apache with mod_auth_openidc and a login behind it; none where it is not on this machine. */
export async function loggedInApache(world: World) {
  const { apache } = world.programs;
  if (apache === null) return null;
  const { issuer, files, folder } = world;
  const start = (port: number) => startApache(apache, { issuer, port, upstream: files, folder });
  return loggedIn(world, await world.peer("apache", start));
}

async function loggedIn(world: World, server: { readonly port: number; readonly pid: number }) {
  const origin = `http://127.0.0.1:${server.port}`;
  return { server, origin, cookie: ["Cookie", await world.login(`${origin}/1k`)] as const };
}

async function oauth2ProxyVerdict(world: World): Promise<readonly Contender[]> {
  const peer = await loggedInOauth2Proxy(world);
  if (peer === null) return [];
  return [
    underWrk(world, "oauth2-proxy, /oauth2/auth", peer.server, {
      url: `${peer.origin}/oauth2/auth`,
      headers: [peer.cookie],
    }),
  ];
}

async function apacheVerdict(world: World): Promise<readonly Contender[]> {
  const peer = await loggedInApache(world);
  if (peer === null) return [];
  return [
    underWrk(world, "Apache with mod_auth_openidc, an empty file", peer.server, {
      url: `${peer.origin}/static`,
      headers: [peer.cookie],
    }),
  ];
}

function anonymous(world: World): LoadCase {
  return load("verdict-anonymous", "Verdict, nobody logged in", async () => {
    const server = await world.akproxy("memory");
    const peers: Contender[] = [];
    const oauth2Proxy = await loggedInOauth2Proxy(world);
    if (oauth2Proxy !== null) {
      const url = `${oauth2Proxy.origin}/oauth2/auth`;
      peers.push(underWrk(world, "oauth2-proxy, /oauth2/auth, 401", oauth2Proxy.server, { url, expected: "4xx" }));
    }
    return [
      await nginxAlone(world),
      underWrk(world, "akproxy, nginx, 401", server, { ...question("nginx", "single", server.port), expected: "4xx" }),
      underWrk(world, "akproxy, traefik, 302 to a new login", server, {
        ...question("traefik", "single", server.port),
        expected: "3xx",
      }),
      ...peers,
    ];
  });
}

function publicPath(world: World): LoadCase {
  return load("verdict-public", "Verdict, public path, nobody logged in", async () => {
    const server = await world.akproxy("memory");
    const path = "/public/area-50/picture.png";
    return [
      await nginxAlone(world),
      underWrk(world, "akproxy, 1 pattern", server, question("nginx", "public1", server.port, path)),
      underWrk(world, "akproxy, 50 patterns, the last opens", server, question("nginx", "public50", server.port, path)),
    ];
  });
}
