import { readSecrets } from "../file/secrets.ts";
import type { Source } from "../file/source.ts";
import { ok, type Reading, wrong } from "../read/reading.ts";

const advice =
  "make one with: openssl rand -base64 48; or remove the key, and akproxy makes one and keeps it in state_dir";
const samples =
  /change.?me|replace.?(?:me|this)|your.?secret|example|placeholder|insecure|password|secret.?key|super.?secret|^(?:0123456789|abcdef)/i;

/** `outpost.secret` or `secret_file`: the first seals, all open; null when akproxy is to make one (CFG-04). */
export function readOutpostSecrets(source: Source): readonly string[] | null {
  const secrets = readSecrets(source, ["outpost"], "secret");
  for (const { value, path } of secrets) {
    const judged = judgeSecret(value);
    if (judged.kind === "wrong") source.findings.error(path, judged.message, judged.hint);
  }
  return secrets.length === 0 ? null : secrets.map((secret) => secret.value);
}

/** Is it long, and not a value from somebody's manual? The value itself is in no message. */
export function judgeSecret(value: string): Reading<string> {
  if (value.length < 32) return wrong(`the secret has ${value.length} characters, at least 32 are needed`, advice);
  if (samples.test(value)) return wrong("the secret is a sample value", advice);
  if (new Set(value).size < 8) return wrong("the secret repeats a few characters", advice);
  return ok(value);
}
