import { z } from "zod";
import { oidcTable } from "../tables/oidc.ts";
import { providerTable } from "../tables/provider.ts";
import { serverKeys } from "../tables/server.ts";

const slug = z.string().regex(/^[a-z0-9_-]+$/);
const providersMeaning = "the protected applications: [providers.SLUG]; SLUG is the application's slug, a-z 0-9 _ -";

/** The config file: the one source of the parser and of the JSON Schema. Each type reads its texts and says what is wrong with them. */
export const configSchema = z.strictObject({
  ...serverKeys,
  oidc: oidcTable,
  providers: z.record(slug, providerTable).describe(providersMeaning),
});

/** The same with nothing required: what a file with problems is read by, so that one run finds all of them. */
export const lenientSchema = z.strictObject({
  ...serverKeys,
  oidc: oidcTable,
  providers: z.record(slug, providerTable.partial({ mode: true, external_host: true })).default({}),
});

/** The config file with its defaults applied and its texts read. */
export type ConfigTable = z.output<typeof lenientSchema>;

/** The JSON Schema (draft 2020-12) of the config file, for editors. */
export function configJsonSchema(): Readonly<Record<string, unknown>> {
  return z.toJSONSchema(configSchema, { io: "input" });
}
