import { z } from "zod";
import type { Listen } from "../../core/config.ts";
import type { Source } from "../file/source.ts";
import { address, cidrs } from "../read/networks.ts";
import { addRemark, flag } from "../read/text-type.ts";

const trustedProxies = [
  "127.0.0.0/8",
  "::1/128",
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "fe80::/10",
  "fc00::/7",
];

/** More than one worker is an error: an operator must not rely on a key that is ignored. */
function workers() {
  return z.union([z.int().min(1), z.literal("auto")]).transform((value, context) => {
    if (value === 1) return;
    addRemark(context, [], {
      message: "is not available yet",
      hint: "write workers = 1, or remove the key: one process serves everything",
      shown: "value",
    });
  });
}

/** `[listen]`. */
export const listenTable = z
  .strictObject({
    http: address().prefault("0.0.0.0:9000").describe('address of the HTTP listener; "" turns it off'),
    https: address().prefault("0.0.0.0:9443").describe('address of the HTTPS listener; "" turns it off'),
    metrics: address().prefault("127.0.0.1:9300").describe('address of /metrics, /livez and /readyz; "" turns it off'),
    trusted_proxies: cidrs()
      .prefault(trustedProxies)
      .describe("networks of trusted proxies: only their X-Forwarded-*, X-Original-* and Forwarded headers are used"),
    danger_trust_any_proxy: flag(false, "must be true to allow 0.0.0.0/0 or ::/0 in trusted_proxies"),
    workers: workers()
      .prefault(1)
      .describe('number of processes that share the ports; only 1 is available so far; "auto" will be one per core'),
  })
  .prefault({})
  .describe("listeners and trusted proxies");

type ListenTable = z.output<typeof listenTable>;

/** The three listeners. It is an error if two have the same address, or if neither `http` nor `https` has one. */
export function listenOf(source: Source, { http, https, metrics }: ListenTable): Listen {
  const isFaulty = (key: string) => source.findings.isFaulty(["listen", key]);
  if (http === null && https === null && !isFaulty("http") && !isFaulty("https")) {
    source.findings.error(
      ["listen"],
      "neither http nor https has an address",
      'set one of them, for example http = "0.0.0.0:9000"',
      { kind: "key" },
    );
  }
  const seen = new Map<string, string>();
  for (const [key, listener] of Object.entries({ http, https, metrics })) {
    if (listener === null || isFaulty(key) || (listener.kind === "tcp" && listener.port === 0)) continue;
    const text = JSON.stringify(listener);
    const other = seen.get(text);
    if (other !== undefined) {
      source.findings.error(
        ["listen", key],
        `has the same address as listen.${other}`,
        "give each listener its own address",
      );
    }
    seen.set(text, key);
  }
  return { http, https, metrics };
}

/** The trusted networks. One that contains every address is an error, or a warning with `danger_trust_any_proxy`. */
export function trustedProxiesOf(source: Source, table: ListenTable): readonly string[] {
  return table.trusted_proxies.flatMap((network, index) => {
    if (network === null) return [];
    if (network.isEveryAddress) {
      const path = ["listen", "trusted_proxies", index];
      const message = "trusts every address: any client can forge X-Forwarded-For, -Proto and -Host";
      if (table.danger_trust_any_proxy)
        source.findings.warning(path, message, "list only the networks of your proxies");
      else
        source.findings.error(
          path,
          message,
          "list only the networks of your proxies, or add danger_trust_any_proxy = true",
        );
    }
    return [network.cidr];
  });
}
