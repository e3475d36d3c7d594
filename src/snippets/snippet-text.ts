import type { SnippetFacts } from "./snippet-facts.ts";

/** One file of a reverse proxy's config. */
export interface SnippetFile {
  readonly name: string; //                        a file name, or the name of the form's field
  readonly text: string; //                        ends with a line feed
}

/** The text with `by` before every line that is not empty. */
export function indented(text: string, by: string): string {
  return text.replace(/^(?=.)/gm, by);
}

/** The parts that are not empty, with an empty line between them and one line feed at the end. */
export function paragraphs(parts: readonly string[]): string {
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

/** The first lines of a file: its purpose, and the values to fill in. */
export function headLines(program: string, facts: SnippetFacts): readonly string[] {
  const place = `${facts.scheme}://${facts.externalHost}${facts.port}`;
  const placeholder =
    facts.mode !== "proxy" && facts.upstreamOrigin === "placeholder"
      ? [`FILL IN: ${facts.upstream.host}:${facts.upstream.port} stands for the application's address (--upstream)`]
      : [];
  return [`${program} in front of akproxy: provider "${facts.slug}", mode ${facts.mode}, ${place}`, ...placeholder];
}

/** These lines and `more` as comments of a language whose comments begin with `#`. */
export function head(program: string, facts: SnippetFacts, more: readonly string[]): string {
  return [...headLines(program, facts), ...more].map((line) => `# ${line}`).join("\n");
}

/**
 * akproxy's cookies never reach an application, which could use them as the user (decision 16; HDR-16). The names are those of
 * core/http/cookie.ts, in any case.
 */
export const ownCookiePattern = "(?:__Host-|__Secure-)?akproxy_[^;]*";

/** A Lua function that removes akproxy's cookies from a Cookie header. */
export const withoutOwnCookies = `-- Removes akproxy's cookies: the application could use them as the user.
local function without_own_cookies(cookie)
    local kept = {}
    for pair in cookie:gmatch("[^;]+") do
        local name = pair:gsub("^%s+", ""):lower():gsub("^__host%-", ""):gsub("^__secure%-", "")
        if name:sub(1, 8) ~= "akproxy_" then
            table.insert(kept, (pair:gsub("^%s+", "")))
        end
    end
    return table.concat(kept, "; ")
end`;
