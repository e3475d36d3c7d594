import { chmodSync } from "node:fs";
import type { Limits, ListenAddress } from "../core/config.ts";
import { Failure } from "../core/failure.ts";
import type { WireOverload, WireRefusal } from "../ports/wire.ts";
import type { ConnectionRoom } from "../wire/client/connection-room.ts";
import type { HttpListener } from "../wire/client/listener.ts";
import { type App, onRawSockets, type RawListener } from "../wire/elysia-adapter.ts";
import type { TlsFacts } from "../wire/socket/tls-listener.ts";
import type { Pool } from "../wire/upstream/pool.ts";

/** A listener that is up. */
export interface Listener {
  readonly kind: "http" | "https" | "metrics";
  readonly address: string; //                     as it can be opened: http://127.0.0.1:9000 or unix:/path
  readonly port: number | null;
  readonly wire: HttpListener;
}

/** What a listener serves. */
export interface ListenOptions {
  readonly kind: Listener["kind"];
  readonly address: ListenAddress;
  readonly handlerOf: RawListener["handlerOf"];
  readonly refusal: WireRefusal;
  readonly pool: Pool;
  readonly limits: Limits;
  readonly room: ConnectionRoom;
  readonly overload: WireOverload;
}

/** Opens a listener for `app`; with `tls` on TLS. Rejects with Failure config_unusable when the address cannot be bound. */
export async function listen(app: App, options: ListenOptions, tls: TlsFacts | null): Promise<Listener> {
  const { kind, address, handlerOf, refusal, pool, limits, room, overload } = options;
  const { requestHeaderBytes: headBytes, requestBodyBytes: bodyBytes, idleSeconds } = limits;
  const wanted = { address, refusal, pool, room, overload, limits: { headBytes, bodyBytes, idleSeconds } };
  const wire = await bound(
    address,
    () =>
      new Promise((opened, failed) => app.listen(onRawSockets({ listener: wanted, tls, handlerOf, opened, failed }))),
  );
  // a socket made under umask 022 lets no other user connect, and a reverse proxy is one
  if (address.kind === "unix") chmodSync(address.path, 0o660);
  const text =
    address.kind === "unix" ? addressText(address) : addressText({ ...address, port: wire.port ?? address.port });
  const scheme = kind === "https" ? "https" : "http";
  return { kind, address: address.kind === "unix" ? text : `${scheme}://${text}`, port: wire.port, wire };
}

async function bound(address: ListenAddress, open: () => Promise<HttpListener>): Promise<HttpListener> {
  try {
    return await open();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Failure("config_unusable", `listen: cannot listen on ${addressText(address)}: ${reason}`, { cause });
  }
}

function addressText(address: ListenAddress): string {
  if (address.kind === "unix") return `unix:${address.path}`;
  return `${address.hostname.includes(":") ? `[${address.hostname}]` : address.hostname}:${address.port}`;
}
