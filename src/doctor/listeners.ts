import { accessSync, constants, existsSync } from "node:fs";
import { dirname } from "node:path";
import type { Config, ListenAddress } from "../core/config.ts";
import { pingPath } from "../core/decide/endpoint.ts";
import { type Check, type DoctorWorld, fail, ok, type Section, within } from "./check.ts";
import { probe, reachedAt } from "./probe.ts";

/** Is each listener's address free, or does an akproxy answer there already? */
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
  const place = addressText(address);
  if (address.kind === "tcp" && address.port === 0) return ok(name, `${place}: any free port`);
  const answer = await probe({
    address: reachedAt(address),
    tls,
    host: "localhost",
    target,
    userAgent: `akproxy-doctor/${world.version}`,
    timeoutMilliseconds: world.timeoutMilliseconds,
  });
  if (answer.kind === "answered" && answer.status === status) return ok(name, `${place}: akproxy answers there`);
  if (answer.kind !== "failed" || answer.code === "timeout") {
    return fail(name, `${place}: another program is there`, `stop it, or give listen.${name} another address`);
  }
  const reason = await bindRefusal(address);
  return reason === null
    ? ok(name, `${place} is free`)
    : fail(name, `${place} cannot be listened at: ${reason}`, refusalFix(name, reason));
}

/** Null: it can be listened at. A socket's path is not tried, since trying would make it. */
async function bindRefusal(address: ListenAddress): Promise<string | null> {
  if (address.kind === "unix") return pathRefusal(address.path);
  try {
    const { hostname, port } = address;
    Bun.listen({ hostname, port, socket: { data() {} } }).stop(true);
    return null;
  } catch (thrown) {
    return thrown instanceof Error && "code" in thrown ? String(thrown.code) : String(thrown);
  }
}

function pathRefusal(path: string): string | null {
  const directory = dirname(path);
  if (!existsSync(directory)) return `${directory} does not exist`;
  try {
    accessSync(directory, constants.W_OK);
    return null;
  } catch {
    return `${directory} is not writable by this user`;
  }
}

function refusalFix(name: string, reason: string): string {
  switch (reason) {
    case "EADDRINUSE":
      return `stop the program that has it (ss -ltnp), or give listen.${name} another address`;
    case "EACCES":
      return "a port below 1024 needs CAP_NET_BIND_SERVICE; or take one above";
    case "EADDRNOTAVAIL":
      return "no interface of this machine has that address";
    default:
      return `give listen.${name} another address`;
  }
}

function addressText(address: ListenAddress): string {
  if (address.kind === "unix") return `unix:${address.path}`;
  return `${address.hostname.includes(":") ? `[${address.hostname}]` : address.hostname}:${address.port}`;
}
