import { outpostPrefix } from "../core/decide/endpoint.ts";
import { verdictPrefix } from "../core/forward-auth/dialects.ts";
import { copiedNames, type SnippetFacts } from "./snippet-facts.ts";
import { head, paragraphs, withoutOwnCookies } from "./snippet-text.ts";

/** The Lua file for mod_lua: asks akproxy's /auth/forward over LuaSocket, and gives the client its answer where it is not a 2xx. */
export function apacheLua(facts: SnippetFacts): string {
  const comment = head("the Lua file of apache", facts, []).replace(/^#/gm, "--");
  return paragraphs([comment, settings(facts), verdictRequestLines, reading, asking, withoutOwnCookies, check, handle]);
}

function settings(facts: SnippetFacts): string {
  const { outpost, scheme, port } = facts;
  return `require "apache2"
local socket = require "socket"

local outpost_host, outpost_port = "${outpost.host.replace(/^\[|\]$/g, "")}", ${outpost.port}
local outpost_target = "proxy:http://${outpost.host}:${outpost.port}/"
local scheme, port = "${scheme}", "${port}"
local own_prefix = "${outpostPrefix}/"
local verdict_prefix = "${verdictPrefix}"

-- The identity headers of a 2xx verdict: they replace the client's, also where they are empty.
local copied = {
${copiedNames(facts)
  .map((name) => `    "${name}",`)
  .join("\n")}
}

-- Headers of one connection, which are never forwarded.
local hop_by_hop = {
    ["connection"] = true, ["content-length"] = true, ["expect"] = true, ["host"] = true, ["http2-settings"] = true,
    ["keep-alive"] = true, ["proxy-connection"] = true, ["te"] = true, ["trailer"] = true, ["transfer-encoding"] = true,
    ["upgrade"] = true,
}`;
}

const verdictRequestLines = `-- The verdict request: the request's own headers, and the URL of the browser. Sec-Fetch-Mode marks a WebSocket, as browsers do.
local function verdict_request(r)
    local lines = { "GET " .. verdict_prefix .. "forward HTTP/1.1", "Host: " .. r.hostname .. port, "Connection: close" }
    for name, value in pairs(r:headers_in_table()) do
        local lower = name:lower()
        if not hop_by_hop[lower] and not lower:find("^x%-forwarded%-") and not (lower == "sec-fetch-mode" and r.headers_in["Upgrade"]) then
            table.insert(lines, name .. ": " .. value)
        end
    end
    if r.headers_in["Upgrade"] then
        table.insert(lines, "Sec-Fetch-Mode: websocket")
    end
    table.insert(lines, "X-Forwarded-For: " .. r.useragent_ip)
    table.insert(lines, "X-Forwarded-Proto: " .. scheme)
    table.insert(lines, "X-Forwarded-Host: " .. r.hostname .. port)
    table.insert(lines, "X-Forwarded-Uri: " .. r.unparsed_uri:gsub("^%a[%w+.-]*://[^/?]*", ""))
    table.insert(lines, "X-Forwarded-Method: " .. r.method)
    return table.concat(lines, "\\r\\n") .. "\\r\\n\\r\\n"
end`;

const reading = `local function read_body(connection, length, is_chunked)
    if not is_chunked then
        return connection:receive(length or "*a")
    end
    local chunks = {}
    while true do
        local size = tonumber(((connection:receive("*l") or ""):match("^%x+")), 16)
        if size == nil then
            return nil
        elseif size == 0 then
            return table.concat(chunks)
        end
        table.insert(chunks, connection:receive(size) or "")
        connection:receive("*l")
    end
end

-- { status, headers = { { name, value }, ... }, body }, or nil without a valid answer.
local function read_verdict(connection)
    local status = tonumber((connection:receive("*l") or ""):match("^HTTP/1%.%d (%d%d%d)"))
    local headers, length, is_chunked = {}, nil, false
    while status ~= nil do
        local line = connection:receive("*l")
        if line == nil then
            return nil
        elseif line == "" then
            return { status = status, headers = headers, body = read_body(connection, length, is_chunked) or "" }
        end
        local name, value = line:match("^([^:]+):%s*(.-)%s*$")
        if name == nil then
            return nil
        elseif name:lower() == "content-length" then
            length = tonumber(value)
        elseif name:lower() == "transfer-encoding" then
            is_chunked = true
        end
        table.insert(headers, { name = name, lower = name:lower(), value = value })
    end
end`;

const asking = `local function ask(r)
    local connection = socket.tcp()
    connection:settimeout(5)
    if not connection:connect(outpost_host, outpost_port) then
        return nil
    end
    connection:settimeout(30)
    local verdict = connection:send(verdict_request(r)) and read_verdict(connection)
    connection:close()
    return verdict
end

-- Notes the cookies of the verdict; Header in the config turns them into Set-Cookie.
local function relay_cookies(r, verdict)
    local number = 0
    for _, header in ipairs(verdict.headers) do
        if header.lower == "set-cookie" then
            number = number + 1
            r.subprocess_env["AKPROXY_COOKIE_" .. number] = header.value
        end
    end
end`;

const check = `-- LuaHookAccessChecker: runs before the request is handled.
function check(r)
    -- Only akproxy names the user: remove these headers of a client, in every spelling.
    for name in pairs(r:headers_in_table()) do
        if name:lower():find("^x[^a-z0-9]authentik[^a-z0-9]") or name:find("_", 1, true) then
            r.headers_in[name] = nil
        end
    end
    -- A Connection header of the client could remove one of these headers.
    local is_closing = (r.headers_in["Connection"] or ""):lower():find("close", 1, true)
    r.headers_in["Connection"] = r.headers_in["Upgrade"] and "upgrade" or is_closing and "close" or nil

    if r.uri:sub(1, #verdict_prefix) == verdict_prefix then
        return 404 -- only Apache may ask for verdicts
    end
    if r.filename and r.filename:sub(1, #outpost_target) == outpost_target then
        return apache2.OK -- on its way to akproxy itself
    end
    local verdict = ask(r)
    if verdict == nil then
        return 503
    end
    relay_cookies(r, verdict)
    if verdict.status < 200 or verdict.status > 299 then
        r.notes["akproxy-status"] = tostring(verdict.status)
        r.notes["akproxy-body"] = verdict.body
        for _, header in ipairs(verdict.headers) do
            if header.lower == "content-type" then
                r.notes["akproxy-type"] = header.value
            elseif not hop_by_hop[header.lower] and header.lower ~= "set-cookie" then
                r.err_headers_out[header.name] = header.value
            end
        end
        r.proxyreq, r.handler, r.filename = apache2.PROXYREQ_NONE, "akproxy-answer", "akproxy-answer" -- instead of the application
        return apache2.OK
    end
    local values = {}
    for _, header in ipairs(verdict.headers) do
        values[header.lower] = header.value
    end
    for _, name in ipairs(copied) do
        r.headers_in[name] = values[name:lower()]
    end
    local kept = without_own_cookies(r.headers_in["Cookie"] or "")
    r.headers_in["Cookie"] = kept ~= "" and kept or nil
    return apache2.OK
end`;

const handle = `-- LuaMapHandler: gives the client the verdict as the answer: a redirect, a page or a 401.
function handle(r)
    local status = tonumber(r.notes["akproxy-status"])
    if status == nil then
        return apache2.DECLINED -- the request may pass
    end
    r.status = status
    r.content_type = r.notes["akproxy-type"] or "text/plain"
    r:write(r.notes["akproxy-body"])
    return apache2.OK
end`;
