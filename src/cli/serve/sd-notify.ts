import { dlopen, FFIType, ptr, read } from "bun:ffi";

/** The result of a message to systemd. */
export type NotifyResult =
  | { readonly kind: "sent" }
  | { readonly kind: "no_socket" } //              systemd did not start this process, or waits for no message
  | { readonly kind: "failed"; readonly reason: string };

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Sends `state` to systemd: lines such as `READY=1` (sd_notify(3)). The socket is the datagram socket that `NOTIFY_SOCKET` names, a path
 * or `@name` in the abstract namespace. Without `NOTIFY_SOCKET` it loads and sends nothing. It calls libc, because node:dgram has no unix
 * sockets in Bun. It never throws: the service works without the notification, and the caller logs the result.
 */
export function sdNotify(state: string, env: Env): NotifyResult {
  const socketName = env["NOTIFY_SOCKET"];
  if (socketName === undefined || socketName === "") return { kind: "no_socket" };
  const address = unixAddress(socketName);
  if (address === null) return failed(`NOTIFY_SOCKET "${socketName}" is neither a path nor an @name`);
  try {
    return send(Buffer.from(state, "utf8"), address);
  } catch (thrown) {
    return failed(thrown instanceof Error ? thrown.message : String(thrown));
  }
}

function failed(reason: string): NotifyResult {
  return { kind: "failed", reason };
}

const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
const MSG_NOSIGNAL = 0x4000;
const longestName = 107; //                        sun_path of sockaddr_un has 108 bytes, the last of them NUL

/** sockaddr_un (unix(7)). A leading `@` means the NUL of an abstract name, which ends by its length and not by a NUL. */
function unixAddress(name: string): Uint8Array | null {
  const bytes = Buffer.from(name, "utf8");
  if (bytes.length > longestName) return null;
  const family = Uint8Array.from([AF_UNIX, 0]); // sa_family_t, little-endian on every target of akproxy
  if (name.startsWith("@")) return Buffer.concat([family, Uint8Array.of(0), bytes.subarray(1)]);
  return name.startsWith("/") ? Buffer.concat([family, bytes, Uint8Array.of(0)]) : null;
}

function send(message: Uint8Array, address: Uint8Array): NotifyResult {
  const libc = openLibc();
  try {
    const { socket, sendto, close } = libc.symbols;
    const descriptor = socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
    if (descriptor < 0) return failed(`socket: ${errnoOf(libc)}`);
    const sent = sendto(descriptor, ptr(message), BigInt(message.length), MSG_NOSIGNAL, ptr(address), address.length);
    const result: NotifyResult =
      Number(sent) === message.length ? { kind: "sent" } : failed(`sendto: ${errnoOf(libc)}`);
    close(descriptor);
    return result;
  } finally {
    libc.close();
  }
}

const symbols = {
  socket: { args: [FFIType.i32, FFIType.i32, FFIType.i32], returns: FFIType.i32 },
  sendto: {
    args: [FFIType.i32, FFIType.ptr, FFIType.u64, FFIType.i32, FFIType.ptr, FFIType.u32],
    returns: FFIType.i64,
  },
  close: { args: [FFIType.i32], returns: FFIType.i32 },
  __errno_location: { args: [], returns: FFIType.ptr },
} as const;

/** glibc's name, then musl's. */
const libcNames = ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"] as const;

function openLibc() {
  let cause: unknown;
  for (const name of libcNames) {
    try {
      return dlopen(name, symbols);
    } catch (thrown) {
      cause = thrown;
    }
  }
  throw new Error("no libc was found", { cause });
}

function errnoOf(libc: ReturnType<typeof openLibc>): string {
  const location = libc.symbols.__errno_location();
  return location === null ? "errno unknown" : `errno ${read.i32(location)}`;
}
