import type { SnippetFacts } from "./snippet-facts.ts";

/** One file of a reverse proxy's config. */
export interface SnippetFile {
  readonly name: string; //                        a file name, or what the text is for where it goes into a form
  readonly text: string; //                        ends with a line feed
}

/** The text with every line but empty ones moved right. */
export function indented(text: string, by: string): string {
  return text.replace(/^(?=.)/gm, by);
}

/** The parts that are not empty, an empty line between them, one line feed at the end. */
export function paragraphs(parts: readonly string[]): string {
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

/** What a file begins with, a line each: what it is for, and what is to be filled in. */
export function headLines(program: string, facts: SnippetFacts): readonly string[] {
  const place = `${facts.scheme}://${facts.externalHost}${facts.port}`;
  const placeholder =
    facts.mode !== "proxy" && facts.upstreamOrigin === "placeholder"
      ? [`FILL IN: ${facts.upstream.host}:${facts.upstream.port} stands for the application's address (--upstream)`]
      : [];
  return [`${program} before akproxy: provider "${facts.slug}", mode ${facts.mode}, ${place}`, ...placeholder];
}

/** The same as comment lines of a language whose comments begin with `#`. */
export function head(program: string, facts: SnippetFacts, more: readonly string[]): string {
  return [...headLines(program, facts), ...more].map((line) => `# ${line}`).join("\n");
}

/**
 * Cookies of akproxy never reach an application, which could use them as the visitor (decision 16; HDR-16). The names are those of
 * core/cookie.ts, in any case.
 */
export const ownCookiePattern = "(?:__Host-|__Secure-)?akproxy_[^;]*";

/** A Lua function: a Cookie header without akproxy's. */
export const withoutOwnCookies = `-- akproxy's cookies are not for the application, which could use them as the visitor.
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
