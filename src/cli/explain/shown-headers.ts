import type { Passed } from "../../core/explain/explain-answer.ts";
import { foldedName } from "../../core/http/client-headers.ts";
import type { HeaderLine, HeaderLines } from "../../core/http/header-lines.ts";
import type { Provider } from "../../core/provider.ts";

/** Names of headers whose values give access (LEAK-08). */
const secretName = /authorization|cookie|jwt|token|secret|passw|api-?key|credential/;

/** Header lines as they may be printed: a secret as its length, unless --show-secrets is given. */
export function shownHeaders(lines: HeaderLines, secrets: "hidden" | "shown"): HeaderLines {
  if (secrets === "shown") return lines;
  return lines.map(
    ([name, value]): HeaderLine =>
      secretName.test(foldedName(name)) && value !== ""
        ? [name, `(hidden, ${value.length} characters)`]
        : [name, value],
  );
}

/** The request line to the upstream as it may be printed: the query of internal_host may be a key. */
export function shownRequestLine(
  passed: Passed | null,
  provider: Provider,
  secrets: "hidden" | "shown",
): string | null {
  const line = passed?.requestLine ?? null;
  if (line === null || secrets === "shown" || provider.mode !== "proxy" || provider.upstream.baseQuery === "")
    return line;
  return line.replace(`?${provider.upstream.baseQuery}`, "?(hidden)");
}
