import type { HeaderLine, HeaderLines } from "../../src/core/http/header-lines.ts";
import type { World } from "./world.ts";
import type { WrkLoad } from "./wrk.ts";

/** How each dialect asks about a path of an application. */
export const dialects = ["nginx", "traefik", "caddy", "envoy", "forward"] as const;
export type DialectName = (typeof dialects)[number];

const prefix = "/outpost.goauthentik.io/auth";
const asked = "/dashboard?tab=1";

/** A dialect's question about a path of the provider `slug`. */
export function question(
  dialect: DialectName,
  slug: string,
  port: number,
  path = asked,
): Pick<WrkLoad, "url"> & { readonly headers: HeaderLines } {
  const host = `${slug}.localhost:${port}`;
  const endpoint = `http://127.0.0.1:${port}${prefix}/${dialect}`;
  switch (dialect) {
    case "nginx":
      return { url: endpoint, headers: [["X-Original-URL", `http://${host}${path}`]] };
    case "envoy":
      return {
        url: `${endpoint}${path}`,
        headers: [
          ["Host", host],
          ["X-Forwarded-Proto", "http"],
        ],
      };
    case "traefik":
    case "caddy":
    case "forward": {
      const told: HeaderLines = [
        ["X-Forwarded-Proto", "http"],
        ["X-Forwarded-Host", host],
        ["X-Forwarded-Uri", path],
      ];
      return { url: endpoint, headers: [["X-Forwarded-Method", "GET"], ...told] };
    }
  }
}

/** The Cookie line of alice at the provider that verdicts are asked of. */
export async function verdictCookie(world: World, port: number): Promise<HeaderLine> {
  const host = `http://single.localhost:${port}`;
  return ["Cookie", await world.login(`${host}/outpost.goauthentik.io/start?rd=${encodeURIComponent(`${host}/`)}`)];
}
