import type { SnippetFacts } from "./snippet-facts.ts";
import { withoutOwnCookies } from "./snippet-text.ts";

/** The Lua filter before the verdict: removes headers of the client. Envoy gives it header names in lower case. */
export function envoyLua({ scheme, additionalNames }: SnippetFacts): string {
  const steering = [
    "forwarded",
    "x-real-ip",
    "x-original-url",
    "x-original-uri",
    "x-rewrite-url",
    "x-forwarded-uri",
    "x-forwarded-method",
  ];
  const removed = [...steering, "x-forwarded-host", ...additionalNames.map((name) => name.toLowerCase())];
  return `-- Only akproxy names the user: remove these headers of a client, in every spelling.
function envoy_on_request(handle)
  local headers, unwanted = handle:headers(), {}
  for name in pairs(headers) do
    if name:find("^x[^a-z0-9]authentik[^a-z0-9]") then
      table.insert(unwanted, name)
    end
  end
  for _, name in ipairs(unwanted) do
    headers:remove(name)
  end
  for _, name in ipairs({ ${removed.map((name) => `"${name}"`).join(", ")} }) do
    headers:remove(name)
  end
  local hops = headers:get("x-forwarded-for")
  if hops ~= nil then
    headers:replace("x-forwarded-for", hops:match("[^,%s]+%s*$") or "")
  end
  headers:replace("x-forwarded-host", headers:get(":authority") or "")
  headers:replace("x-forwarded-proto", "${scheme}")
end`;
}

/** The Lua filter after the verdict, which needs the cookies. */
export const envoyCookieLua = `${withoutOwnCookies}

function envoy_on_request(handle)
  local cookie = handle:headers():get("cookie")
  if cookie ~= nil then
    local kept = without_own_cookies(cookie)
    handle:headers():remove("cookie")
    if kept ~= "" then
      handle:headers():add("cookie", kept)
    end
  end
end`;
