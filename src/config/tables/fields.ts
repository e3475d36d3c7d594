type CamelCase<Key> = Key extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<CamelCase<Tail>>}` : Key;

/** Some keys of a table of the config, spelled as TypeScript spells them: `send_jwt` is `sendJwt`. */
type Fields<Table, Keys extends keyof Table> = { readonly [Key in Keys as CamelCase<Key>]: Table[Key] };

/**
 * The values that `table` has for the keys declared in `keys`, as fields of the Config. A key that is used as it is read is declared there
 * and is a field in core, by the same name in camel case; nothing else has to be written. The compiler compares the two types.
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
  return Object.fromEntries(entries) as Fields<Table, keyof Keys & keyof Table>; // as: the renaming that the type spells out
}
