import type { Source } from "../file/source.ts";
import { isTable, removeAt, valueAt } from "../file/tree.ts";

interface Row {
  readonly key: readonly string[];
  readonly modes: Readonly<Record<string, string>>; // mode -> how the message names it
  readonly hint: string;
}

const forward = { forward_single: "forward_single", forward_domain: "forward_domain" };
const byReverseProxy = "remove it: your reverse proxy reaches the application";

/** Keys of a provider, each with the modes in which it is an error. */
const rows: readonly Row[] = [
  {
    key: ["cookie_domain"],
    modes: { proxy: "proxy mode" },
    hint: "remove it: in proxy mode the cookie is for external_host only",
  },
  { key: ["internal_host"], modes: forward, hint: byReverseProxy },
  { key: ["ak_proxy", "backend_override"], modes: forward, hint: byReverseProxy },
  { key: ["ak_proxy", "backend_override_hosts"], modes: forward, hint: byReverseProxy },
];

/** Reports the keys that the mode of their provider does not allow, and removes them, so that their values are not checked. */
export function refuseOtherModes(source: Source): void {
  const providers = valueAt(source.tree, ["providers"]);
  for (const slug of isTable(providers) ? Object.keys(providers) : []) {
    const mode = valueAt(source.tree, ["providers", slug, "mode"]);
    if (typeof mode !== "string") continue;
    for (const { key, modes, hint } of rows) {
      const path = ["providers", slug, ...key];
      const name = Object.hasOwn(modes, mode) ? modes[mode] : undefined;
      if (name === undefined || !isGiven(valueAt(source.tree, path))) continue;
      source.findings.error(path, `is not allowed in ${name}`, hint);
      removeAt(source.tree, path);
    }
  }
}

/** Is the value a string or a list that is not empty? */
function isGiven(value: unknown): boolean {
  return (typeof value === "string" || Array.isArray(value)) && value.length > 0;
}
