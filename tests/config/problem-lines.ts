import { parseConfigText } from "../../src/config/load.ts";
import type { Problem } from "../../src/core/problem.ts";

/** `LINE:COLUMN severity path: message` of each problem of a config text. */
export async function problemLines(text: string, env: Record<string, string> = {}): Promise<string[]> {
  const { problems } = await parseConfigText(text, { file: "/etc/akproxy/config.toml", env });
  return problems.map(lineOf);
}

/** One problem without its file and hint. */
export function lineOf({ place, severity, path, message }: Problem): string {
  return `${place.line}:${place.column} ${severity} ${path}: ${message}`;
}

const oidc = `[oidc]
issuer = "https://idp.company/"
client_id = "akproxy"
client_secret = "\${CLIENT_SECRET}"
`;
const provider = `[providers.app]
mode = "proxy"
external_host = "https://app.company"
internal_host = "http://127.0.0.1:8080"
`;

/** A good config with one thing changed: text before it (7 lines follow nothing else), in `[oidc]`, in the provider, or after. */
export function configText(parts: { top?: string; oidc?: string; provider?: string; end?: string }): string {
  return [parts.top, oidc + (parts.oidc ?? ""), provider + (parts.provider ?? ""), parts.end]
    .filter((part) => part !== undefined)
    .map((part) => (part.endsWith("\n") ? part : `${part}\n`))
    .join("");
}

/** The environment of `configText`. */
export const goodEnv = { CLIENT_SECRET: "from-the-environment" };
