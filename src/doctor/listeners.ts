import { accessSync, constants, existsSync } from "node:fs";
import { dirname } from "node:path";
import type { Config, ListenAddress } from "../core/config.ts";
import { pingPath } from "../core/decide/endpoint.ts";
import { type Check, type DoctorWorld, fail, ok, type Section, within } from "./check.ts";
import { listenerText, probe, reachedAt } from "./probe.ts";

/** Checks that each listener's address is free, or that akproxy answers there. */
export async function listenerSection({ listen }: Config, world: DoctorWorld): Promise<Section> {
  const wanted = [
    { name: "http", address: listen.http, target: pingPath, status: 204, tls: null },
    { name: "https", address: listen.https, target: pingPath, status: 204, tls: { rejectUnauthorized: false } },
    { name: "metrics", address: listen.metrics, target: "/livez", status: 200, tls: null },
  ] as const;
  const checks = wanted.map(({ name, address, ...question }) =>
    address === null ? ok(name, "off") : within(world, name, listenerCheck({ name, address, ...question }, world)),
  );
  return { title: "listeners", checks: await Promise.all(checks) };
}

interface Listener {
  readonly name: string;
  readonly address: ListenAddress;
  readonly target: string;
  readonly status: number;
  readonly tls: { readonly rejectUnauthorized: false } | null;
}

async function listenerCheck({ name, address, target, status, tls }: Listener, world: DoctorWorld): Promise<Check> {
  const place = listenerText(address);
  if (address.kind === "tcp" && address.port === 0) return ok(name, `${place}: any free port`);
  const answer = await probe({
    address: reachedAt(address),
    tls,
    host: "localhost",
    target,
    userAgent: `akproxy-doctor/${world.version}`,
    timeoutMilliseconds: world.timeoutMilliseconds,
  });
  if (answer.kind === "answered" && answer.status === status) return ok(name, `${place}: akproxy answers`);
  if (answer.kind !== "failed" || answer.code === "timeout") {
    return fail(name, `${place}: another program uses it`, `stop that program, or change listen.${name}`);
  }
  const room = address.kind === "unix" ? pathRoom(address.path) : portRoom(address);
  switch (room.kind) {
    case "free":
      return ok(name, `${place} is free`);
    case "refused":
      return fail(name, `akproxy cannot listen on ${place}: ${room.reason}`, refusalFix(name, room.reason));
  }
}

/** Whether a listener can start at an address. */
type Room = { readonly kind: "free" } | { readonly kind: "refused"; readonly reason: string };

function portRoom({ hostname, port }: Extract<ListenAddress, { readonly kind: "tcp" }>): Room {
  try {
    Bun.listen({ hostname, port, socket: { data() {} } }).stop(true);
    return { kind: "free" };
  } catch (thrown) {
    const reason = thrown instanceof Error && "code" in thrown ? String(thrown.code) : String(thrown);
    return { kind: "refused", reason };
  }
}

/** Looks at the directory only: to listen on the path would create the socket. */
function pathRoom(path: string): Room {
  const directory = dirname(path);
  if (!existsSync(directory)) return { kind: "refused", reason: `${directory} does not exist` };
  try {
    accessSync(directory, constants.W_OK);
    return { kind: "free" };
  } catch {
    return { kind: "refused", reason: `this user cannot write to ${directory}` };
  }
}

function refusalFix(name: string, reason: string): string {
  switch (reason) {
    case "EADDRINUSE":
      return `stop the program that uses it (see: ss -ltnp), or change listen.${name}`;
    case "EACCES":
      return "grant CAP_NET_BIND_SERVICE, which a port below 1024 needs, or use a higher port";
    case "EADDRNOTAVAIL":
      return `set listen.${name} to an address of this machine`;
    default:
      return `change listen.${name}`;
  }
}
