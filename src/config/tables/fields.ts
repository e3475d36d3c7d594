import type { z } from "zod";

/** The values of a set of keys after the schema has read them. */
export type OutputOf<Keys extends z.ZodRawShape> = { readonly [Key in keyof Keys]: z.output<Keys[Key]> };

type CamelCase<Key> = Key extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<CamelCase<Tail>>}` : Key;

/** Keys of a table in the config file as fields of the Config: `send_jwt` is `sendJwt`. */
type Fields<Table, Keys extends keyof Table> = { readonly [Key in Keys as CamelCase<Key>]: Table[Key] };

/**
 * The values of `keys` in `table`, as fields of the Config. A key that needs no further reading is declared in `keys` and has a field of
 * the same name, in camel case, in core. The compiler checks that its type in the schema fits the type of the field.
 */
export function fieldsOf<Keys extends object, Table extends { readonly [Key in keyof Keys]: unknown }>(
  keys: Keys,
  table: Table,
): Fields<Table, keyof Keys & keyof Table> {
  const values: Readonly<Record<string, unknown>> = table;
  const entries = Object.keys(keys).map((key) => [
    key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    values[key],
  ]);
  return Object.fromEntries(entries) as Fields<Table, keyof Keys & keyof Table>; // as: the loop renames as the type does
}
