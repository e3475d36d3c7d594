import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { makeSelfSigned } from "../../src/tls/self-signed.ts";
import { freePort } from "../fakes/free-port.ts";
import { startStack } from "./stack.ts";

const folder = mkdtempSync(join(tmpdir(), "akproxy-sni-"));
const port = freePort();
/** Writes a certificate for a host and gives the two lines that name it. */
function certificateLines(host: string): string {
  const made = makeSelfSigned({ names: [host], days: 30, now: Math.floor(Date.now() / 1000) });
  writeFileSync(join(folder, `${host}.crt`), made.certificatePem);
  writeFileSync(join(folder, `${host}.key`), made.keyPem, { mode: 0o600 });
  return `certificate_file = "${folder}/${host}.crt"\nkey_file = "${folder}/${host}.key"`;
}

const stack = await startStack({
  externalHost: "https://app.test",
  httpsPort: port,
  provider: certificateLines("app.test"),
  top: `
[providers.other]
mode = "proxy"
external_host = "https://other.test"
internal_host = "http://127.0.0.1:1"
${certificateLines("other.test")}
`,
});
afterAll(async () => {
  await stack.stop();
  rmSync(folder, { recursive: true });
});

/** The status of a request whose TLS names `servername` and whose Host is `host`. */
async function statusOf(servername: string, host: string): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port, servername, rejectUnauthorized: false });
  socket.write(`GET /outpost.goauthentik.io/ping HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  let text = "";
  for await (const bytes of socket) text += bytes;
  return text.split(" ")[1] ?? "";
}

test("TLS-03: a connection opened for one provider's certificate is not used to ask another one", async () => {
  expect(await statusOf("app.test", "app.test")).toBe("204");
  expect(await statusOf("other.test", "other.test")).toBe("204");
  expect(await statusOf("app.test", "other.test")).toBe("421");
  expect(await statusOf("other.test", "app.test")).toBe("421");
  expect(await statusOf("nobody.test", "app.test")).toBe("204");
});
