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
