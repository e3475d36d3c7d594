import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "smol-toml";
import { z } from "zod";

const dialect = z.enum(["nginx", "traefik", "caddy", "forward", "envoy"]);
const headers = z.record(z.string(), z.string());

const row = z.tuple(
  [
    z.string().transform((names) => z.array(dialect).parse(names.split(" "))),
    z.enum(["anonymous", "alice", "bob", "stale", "tampered", "both"]),
    z.string(),
    z.url(),
    z.int(),
    z.enum(["none", "issuer"]),
    z.enum(["alice", "bob", "nobody", "absent"]),
    z.enum(["none", "attempt", "cleared"]),
  ],
  headers,
);

const corpus = z.strictObject({
  config: z.string(),
  requests: z.record(z.string(), z.strictObject({ method: z.string(), headers })),
  group: z.array(z.strictObject({ title: z.string(), rows: z.array(row) })),
});

/** tests/corpus/forward-auth.toml, whose head says what each column means. */
export const forwardAuthCorpus = corpus.parse(
  parse(readFileSync(join(import.meta.dir, "../corpus/forward-auth.toml"), "utf8")),
);
