import { type ConformanceRow, type Played, partsOf } from "../tests/wire/conformance/run.ts";
import { rawText } from "../tests/wire/conformance/script.ts";

/** The result of a row at a peer, compared with the table. */
export type Verdict =
  | { readonly kind: "same" }
  | { readonly kind: "order" } //                  the same but for the order, the case or the spaces of header lines
  | { readonly kind: "refuses"; readonly status: string } //  refused as in the table, with another status or way
  | { readonly kind: "differs"; readonly client: boolean; readonly upstream: boolean };

const noFacts = { sessionLine: "" };

/** Compares the result of a row with the row. */
export function judge(row: ConformanceRow, played: Played): Verdict {
  const wanted = partsOf(row.upstream_got).map((text) => rawText(text, noFacts));
  const sameUpstream = JSON.stringify(wanted) === JSON.stringify(played.upstream);
  if (played.clientMatch === "whole" && sameUpstream) return { kind: "same" };
  const { bytes } = played.client;
  const own = /^<own (\d{3})/.exec(row.client_got)?.[1];
  if (own !== undefined) {
    const status =
      /^HTTP\/1\.[01] ([45]\d\d)/.exec(bytes)?.[1] ?? (bytes === "" && played.client.isClosed ? "closed" : "");
    if (status !== "" && played.upstream.length <= wanted.length) return { kind: "refuses", status };
    return { kind: "differs", client: status === "", upstream: played.upstream.length > wanted.length };
  }
  const expected = rawText(row.client_got.replace(/<FIN>$|<broken>$/, ""), noFacts);
  const looseClient = loose(expected) === loose(withoutFarewellAnswer(bytes));
  const looseUpstream = JSON.stringify(wanted.map(loose)) === JSON.stringify(played.upstream.map(loose));
  const sameClient = played.clientMatch === "whole" || looseClient;
  if (sameClient && looseUpstream) return { kind: "order" };
  return { kind: "differs", client: !sameClient, upstream: !looseUpstream };
}

function withoutFarewellAnswer(bytes: string): string {
  return bytes.replace(/HTTP\/1\.1 200 OK\r\nContent-Length: 3\r\n\r\nend$/, "");
}

/** Header lines in lower case and sorted, head by head; the rest as it is. */
function loose(bytes: string): string {
  return bytes.replaceAll(
    /((?:HTTP\/1\.[01] \d|[A-Za-z]+ \S+ HTTP\/1)[^\r]*\r\n)((?:[^\r\n]+\r\n)*)\r\n/g,
    (_, first, lines) => {
      const sorted = lines
        .split("\r\n")
        .filter((line: string) => line !== "")
        .map((line: string) =>
          line.replace(/^([^:]*):\s*(.*?)\s*$/, (__, name, value) => `${name.toLowerCase()}: ${value}`),
        )
        .toSorted();
      return `${first}${sorted.join("\r\n")}\r\n\r\n`;
    },
  );
}

/** The header lines that each of the three adds or removes, and that the table does not cover. `client` is what the row's client sends. */
export function withoutTheirs(bytes: string, side: "upstream" | "client", client: string): string {
  if (side === "client") {
    return bytes
      .replaceAll(/^(?:date: (?!Tue, 15 Nov 1994)|Server: (?!backend)|Via: )[^\r]*\r\n/gim, "")
      .replaceAll(/^Connection: keep-alive\r\n/gim, "");
  }
  const bare = bytes
    .replaceAll(/^(?:X-Forwarded-(?:For|Host|Proto)|Via): [^\r]*\r\n/gim, "")
    .replaceAll(/^Connection: (?:close|keep-alive)\r\n/gim, "");
  return client.includes("Accept-Encoding") ? bare : bare.replaceAll("Accept-Encoding: gzip\r\n", "");
}
