import { ours, oursByWrk } from "./contenders.ts";
import { underProgram, underWrk } from "./loads.ts";
import type { LoadCase } from "./shot.ts";
import type { World } from "./world.ts";

/** The proxy over HTTPS, with an ECDSA certificate on P-256. */
export function tlsCases(world: World): readonly LoadCase[] {
  return [
    keptAlive(world, "tls-1k", "HTTPS, kept alive, 1 KiB", "1k"),
    keptAlive(world, "tls-64k", "HTTPS, kept alive, 64 KiB", "64k"),
    handshakes(world),
  ];
}

function startNginx(world: World) {
  const { files: upstream, certificate, key } = world;
  return world.nginx({ kind: "tls", upstream, certificate, key });
}

function keptAlive(world: World, name: string, title: string, file: string): LoadCase {
  return {
    kind: "load",
    name,
    title,
    unit: "request",
    async contenders() {
      const nginx = await startNginx(world);
      const load = { url: `https://127.0.0.1:${nginx.port}/${file}` };
      return [underWrk(world, "nginx", nginx, load), ...(await oursByWrk(world, "secure", `/${file}`, {}))];
    },
  };
}

function handshakes(world: World): LoadCase {
  return {
    kind: "load",
    name: "tls-new",
    title: "HTTPS, a new connection with a whole handshake for each request of 1 KiB, 16 at a time",
    unit: "request",
    async contenders() {
      const nginx = await startNginx(world);
      const peer = { connections: 16, port: nginx.port, host: "secure.localhost", cookie: "a=b" };
      const us = await ours(world, "secure", ({ name, server, port, host, cookie }) =>
        underProgram("handshake-load.ts", name, server, { connections: 16, port, host, cookie: cookie[1] }),
      );
      return [underProgram("handshake-load.ts", "nginx", nginx, peer), ...us];
    },
  };
}
