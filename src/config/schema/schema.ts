import { z } from "zod";
import { oidcTable } from "../tables/oidc.ts";
import { providerTable } from "../tables/provider.ts";
import { serverKeys } from "../tables/server.ts";

const slug = z.string().regex(/^[a-z0-9_-]+$/);
const providersMeaning = "the protected applications, each a table [providers.SLUG]; a slug has only a-z, 0-9, _ and -";

/** The schema of the config file, for the parser and for the JSON Schema. Its types read the strings and report what is wrong. */
export const configSchema = z.strictObject({
  ...serverKeys,
  oidc: oidcTable,
  providers: z.record(slug, providerTable).describe(providersMeaning),
});

/** The same schema without required keys. A file with problems is read with it, so that one run finds every problem. */
export const lenientSchema = z.strictObject({
  ...serverKeys,
  oidc: oidcTable,
  providers: z.record(slug, providerTable.partial({ mode: true, external_host: true })).default({}),
});

/** The config file with defaults applied and strings read. */
export type ConfigTable = z.output<typeof lenientSchema>;

/** The JSON Schema (draft 2020-12) of the config file, for editors. */
export function configJsonSchema(): Readonly<Record<string, unknown>> {
  return z.toJSONSchema(configSchema, { io: "input" });
}
