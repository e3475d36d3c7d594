import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type NotifyResult, sdNotify } from "../../../src/cli/serve/sd-notify.ts";
import { isLeftOut } from "../../fakes/left-out.ts";
import { type Served, serveConfig, serveProcess } from "../../fakes/served.ts";

/** A receiver of two datagrams at argv[1], in whichever language is there; it says `bound`, then each message on a line. */
const receivers: Readonly<Record<string, readonly string[]>> = {
  python3: [
    "-c",
    `import socket,sys
name=sys.argv[1]
s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)
s.bind("\\0"+name[1:] if name[0]=="@" else name)
s.settimeout(10)
print("bound",flush=True)
for _ in range(2): print(s.recv(4096).decode().replace("\\n","|"),flush=True)`,
  ],
  perl: [
    "-MSocket",
    "-e",
    `$|=1; my $n=$ARGV[0]; $n=~s/^\\@/\\0/; socket(S,AF_UNIX,SOCK_DGRAM,0) or die; bind(S,pack_sockaddr_un($n)) or die; alarm 10;
print "bound\\n"; for (1,2) { recv(S,my $m,4096,0); $m=~tr/\\n/|/; print "$m\\n"; }`,
  ],
};

/** What a real NOTIFY_SOCKET of that name receives; null, with the reason printed, when nothing here can open one. */
async function received(name: string, send: () => unknown): Promise<readonly string[] | null> {
  for (const [language, program] of Object.entries(receivers)) {
    const path = Bun.which(language);
    if (path === null || Bun.spawnSync([path, "--version"]).exitCode !== 0) continue;
    const child = Bun.spawn([path, ...program, name], { stdout: "pipe" });
    const lines: string[] = [];
    let text = "";
    let sent: unknown = null;
    for await (const bytes of child.stdout) {
      text += new TextDecoder().decode(bytes);
      if (lines.length === 0 && text.startsWith("bound\n")) {
        lines.push("bound");
        sent = send();
      }
    }
    await sent;
    return text.trim().split("\n").slice(1);
  }
  isLeftOut("messages to systemd", "neither python3 nor perl is installed, and Bun has no unix datagram sockets");
  return null;
}

test("READY and STOPPING reach a NOTIFY_SOCKET that is a path", async () => {
  const folder = mkdtempSync(join(tmpdir(), "akproxy-notify-"));
  const name = join(folder, "notify.sock");
  const results: NotifyResult[] = [];

  const messages = await received(name, () => {
    results.push(sdNotify("READY=1\nSTATUS=ready", { NOTIFY_SOCKET: name }));
    results.push(sdNotify("STOPPING=1", { NOTIFY_SOCKET: name }));
  });
  rmSync(folder, { recursive: true });

  if (messages === null) return;
  expect(messages).toEqual(["READY=1|STATUS=ready", "STOPPING=1"]);
  expect(results).toEqual([{ kind: "sent" }, { kind: "sent" }]);
});

test("serve sends READY once it listens, and STOPPING at SIGTERM", async () => {
  const folder = mkdtempSync(join(tmpdir(), "akproxy-notify-"));
  const name = join(folder, "notify.sock");
  const statuses: number[] = [];
  let served: Served | null = null;

  const messages = await received(name, async () => {
    served = serveProcess(serveConfig(), { env: { NOTIFY_SOCKET: name } });
    statuses.push((await fetch(`${await served.address("metrics")}/livez`)).status);
    served.process.kill("SIGTERM");
    statuses.push(await served.process.exited);
    await served.end();
  });
  rmSync(folder, { recursive: true });

  if (messages === null) return;
  expect(messages).toEqual(["READY=1|STATUS=1 providers", "STOPPING=1|STATUS=finishing requests in flight"]);
  expect(statuses).toEqual([200, 143]);
});

test("an abstract NOTIFY_SOCKET is reached too", async () => {
  const name = `@akproxy-notify-${process.pid}`;

  const messages = await received(name, () => {
    sdNotify("READY=1", { NOTIFY_SOCKET: name });
    sdNotify("STOPPING=1", { NOTIFY_SOCKET: name });
  });

  if (messages === null) return;
  expect(messages).toEqual(["READY=1", "STOPPING=1"]);
});

test("without NOTIFY_SOCKET nothing is sent", () => {
  expect(sdNotify("READY=1", {})).toEqual({ kind: "no_socket" });
  expect(sdNotify("READY=1", { NOTIFY_SOCKET: "" })).toEqual({ kind: "no_socket" });
});

test("a socket without a listener returns a failure with the system's error number", () => {
  expect(sdNotify("READY=1", { NOTIFY_SOCKET: "/nowhere/at/all.sock" })).toEqual({
    kind: "failed",
    reason: "sendto: errno 2",
  });
});

test("a name that is not a Unix socket is refused", () => {
  expect(sdNotify("READY=1", { NOTIFY_SOCKET: "vsock:2:1234" })).toEqual({
    kind: "failed",
    reason: 'NOTIFY_SOCKET "vsock:2:1234" is neither a path nor an @name',
  });
  expect(sdNotify("READY=1", { NOTIFY_SOCKET: `/${"x".repeat(107)}` })).toEqual({
    kind: "failed",
    reason: `NOTIFY_SOCKET "/${"x".repeat(107)}" is neither a path nor an @name`,
  });
});
