import { z } from "zod";
import { oidcSection } from "./schema-oidc.ts";
import { providerTable } from "./schema-provider.ts";
import { serverShape } from "./schema-server.ts";

const slug = z.string().regex(/^[a-z0-9_-]+$/);
const providersMeaning = "the protected applications: [providers.SLUG]; SLUG is the application's slug, a-z 0-9 _ -";

/** The shape of the config file: the one source of the parser and of the JSON Schema. Formats of texts are checked after it. */
export const configSchema = z.strictObject({
  ...serverShape,
  oidc: oidcSection,
  providers: z.record(slug, providerTable).describe(providersMeaning),
});

/** The same with nothing required: what a file with problems is read by, so that one run finds all of them. */
export const lenientSchema = z.strictObject({
  ...serverShape,
  oidc: oidcSection,
  providers: z.record(slug, providerTable.partial({ mode: true, external_host: true })).default({}),
});

/** The config file with its defaults applied and its texts still texts. */
export type ConfigTable = z.output<typeof lenientSchema>;

/** One provider of it; `mode` and `external_host` are absent when they were missing or wrong. */
export type ProviderTable = ConfigTable["providers"][string];

/** The JSON Schema (draft 2020-12) of the config file, for editors. */
export function configJsonSchema(): Readonly<Record<string, unknown>> {
  return z.toJSONSchema(configSchema, { io: "input" });
}
