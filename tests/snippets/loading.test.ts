import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Provider } from "../../src/core/provider.ts";
import { type SnippetTarget, snippet } from "../../src/snippets/snippet.ts";
import type { SnippetWishes } from "../../src/snippets/snippet-facts.ts";
import { makeSelfSigned } from "../../src/tls/self-signed.ts";
import { isLeftOut } from "../fakes/left-out.ts";
import { factsOf, providers } from "./samples.ts";

/** How a program checks a config without starting: its name, and its words for the folder the files are in. */
interface Checker {
  readonly target: SnippetTarget;
  readonly program: string;
  readonly words: (folder: string) => readonly string[];
}

const checkers: readonly Checker[] = [
  { target: "nginx", program: "nginx", words: (folder) => ["-t", "-p", folder, "-c", "nginx.conf"] },
  { target: "haproxy", program: "haproxy", words: () => ["-c", "-f", "haproxy.cfg"] },
  { target: "apache", program: "apache2", words: (folder) => ["-t", "-d", folder, "-f", "httpd.conf"] },
  {
    target: "caddy",
    program: "caddy",
    words: () => ["validate", "--adapter", "caddyfile", "--config", "Caddyfile"],
  },
];

let folder = "";
let certificate = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "akproxy-loading-"));
  certificate = join(folder, "both.pem");
  const made = makeSelfSigned({ names: ["app.test"], days: 1, now: Math.floor(Date.now() / 1000) });
  writeFileSync(certificate, `${made.certificatePem}${made.keyPem}`);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What the program says against the config; "" is nothing. */
function complaint(
  { target, words }: Checker,
  program: string,
  provider: Provider,
  wishes: Partial<SnippetWishes>,
): string {
  const facts = factsOf(provider, { extent: "complete", ...wishes });
  for (const file of snippet(target, facts)) writeFileSync(join(folder, file.name), file.text);
  const check = Bun.spawnSync([program, ...words(folder)], {
    cwd: folder,
    env: { PATH: "/usr/bin:/bin", HOME: folder },
  });
  return check.exitCode === 0 ? "" : `${provider.mode}: ${check.stdout}${check.stderr}`;
}

describe.each([...checkers])("$program", (checker) => {
  const program = Bun.which(checker.program, { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin` });
  if (program === null) {
    isLeftOut(`the check of snippets by ${checker.program}`, "it is not installed (scripts/proxies installs it)");
    return;
  }

  test("takes the config of every mode on a plain port", () => {
    const listen = { scheme: "http", host: "127.0.0.1", port: 18080 } as const;

    expect(providers.map((provider) => complaint(checker, program, provider, { listen }))).toEqual(["", "", ""]);
  });

  test("takes the config of every mode over TLS, with additional headers, and with applications that are named", () => {
    const wishes: Partial<SnippetWishes> = {
      listen: { scheme: "https", host: "", port: 18443 },
      certificate,
      additionalNames: ["X-Team", "X-App-User"],
      hosts: ["wiki.corp.test", "grafana.corp.test"],
    };

    expect(providers.map((provider) => complaint(checker, program, provider, wishes))).toEqual(["", "", ""]);
  });

  test("takes a config with an injected credential", () => {
    const injecting = providers.map((provider) => ({
      ...provider,
      basicAuth: { userAttribute: "", passwordAttribute: "p" },
    }));
    const listen = { scheme: "http", host: "127.0.0.1", port: 18080 } as const;

    expect(injecting.map((provider) => complaint(checker, program, provider, { listen }))).toEqual(["", "", ""]);
  });
});

test("nginx takes the fragments of two providers side by side", () => {
  const nginx = Bun.which("nginx", { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin` });
  if (nginx === null)
    return isLeftOut("two snippets in one nginx", "it is not installed (scripts/proxies installs it)");
  const listen = { scheme: "http", host: "127.0.0.1", port: 18080 } as const;
  const files = providers.slice(1).flatMap((provider) => snippet("nginx", factsOf(provider, { listen })));

  for (const file of files) writeFileSync(join(folder, file.name), file.text);
  const includes = files.map((file) => `include ${file.name};`).join(" ");
  writeFileSync(join(folder, "two.conf"), `pid two.pid;\nevents {}\nhttp { ${includes} }\n`);
  const check = Bun.spawnSync([nginx, "-t", "-p", folder, "-c", "two.conf"]);

  expect(files.map((file) => file.name)).toEqual(["akproxy-app.conf", "akproxy-corp.conf"]);
  expect(check.stderr.toString()).toContain("test is successful");
});
