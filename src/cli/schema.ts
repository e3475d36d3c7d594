import { Command } from "commander";
import { out } from "./terminal.ts";

/** `akproxy schema`: the JSON Schema of the config file, made from the schema of the parser (spec: cli). */
export function schemaCommand(): Command {
  return new Command("schema")
    .description("print the JSON Schema of the config file, for editors")
    .addHelpText(
      "after",
      "\nExamples:\n  akproxy schema > akproxy.schema.json\n  akproxy schema | jq '.properties | keys'",
    )
    .action(async () => {
      const { configJsonSchema } = await import("../config/schema/schema.ts");
      out(JSON.stringify(configJsonSchema(), null, 2));
    });
}
