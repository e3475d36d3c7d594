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

/** Refused, since a key that is ignored is a wall that is not there. */
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
      .describe("networks whose X-Forwarded-*, X-Original-* and Forwarded headers count"),
    danger_trust_any_proxy: flag(false, "must be true for 0.0.0.0/0 or ::/0 in trusted_proxies"),
    workers: workers().prefault(1).describe('processes that share the ports; "auto": one per core'),
  })
  .prefault({})
  .describe("listeners, and whom they believe");

type ListenTable = z.output<typeof listenTable>;

/** The three listeners; two at one address, and none for requests, are reported. */
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

/** The trusted networks; one that holds every address is an error unless the file says that it is meant. */
export function trustedProxiesOf(source: Source, table: ListenTable): readonly string[] {
  return table.trusted_proxies.flatMap((network, index) => {
    if (network === null) return [];
    if (network.everybody) {
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
