import { verdictPath } from "../core/forward-auth/dialects.ts";
import { copiedNames, hostAndPort, type SnippetFacts } from "./snippet-facts.ts";
import { head, paragraphs, withoutOwnCookies } from "./snippet-text.ts";

/** The Lua file: asks akproxy's /auth/forward with HAProxy's own HTTP client, without a library. */
export function haproxyLua(facts: SnippetFacts): string {
  const comment = head("the Lua file of haproxy", facts, []).replace(/^#/gm, "--");
  return paragraphs([comment, settings(facts), verdictHeaders, withoutOwnCookies, ask(facts), cookies(facts)]);
}

function settings(facts: SnippetFacts): string {
  return `local verdict_url = "http://${hostAndPort(facts.outpost)}${verdictPath("forward")}"

-- The identity headers of a 2xx verdict: they replace the client's, also where they are empty.
local copied = {
${copiedNames(facts)
  .map((name) => `    "${name.toLowerCase()}",`)
  .join("\n")}
}

-- Headers of one connection, which are never forwarded.
local hop_by_hop = {
    ["connection"] = true, ["content-length"] = true, ["expect"] = true, ["host"] = true, ["http2-settings"] = true,
    ["keep-alive"] = true, ["proxy-connection"] = true, ["te"] = true, ["trailer"] = true, ["transfer-encoding"] = true,
    ["upgrade"] = true,
}`;
}

const verdictHeaders = `-- The request's own headers, and the URL of the browser. Sec-Fetch-Mode marks a WebSocket, as browsers do.
local function verdict_headers(txn)
    local headers = {}
    for name, values in pairs(txn.http:req_get_headers()) do
        if not hop_by_hop[name] then
            headers[name] = {}
            for index = 0, #values do
                table.insert(headers[name], values[index])
            end
        end
    end
    if txn.sf:req_fhdr("upgrade") ~= "" then
        headers["sec-fetch-mode"] = { "websocket" }
    end
    headers["x-forwarded-uri"] = { txn.f:pathq() }
    headers["x-forwarded-method"] = { txn.f:method() }
    return headers
end

-- Gives the client the verdict as the answer: a redirect, a page or a 401.
local function answer(txn, verdict)
    local reply = txn:reply({ status = verdict.status, reason = verdict.reason, body = verdict.body })
    for name, values in pairs(verdict.headers) do
        if not hop_by_hop[name] then
            for index = 0, #values do
                reply:add_header(name, values[index])
            end
        end
    end
    txn:done(reply)
end`;

function ask({ slug }: SnippetFacts): string {
  return `core.register_action("akproxy_${slug}", { "http-req" }, function(txn)
    local verdict = core.httpclient():get({ url = verdict_url, headers = verdict_headers(txn), timeout = 30000 })
    if verdict == nil or verdict.status == nil or verdict.status < 200 or verdict.status > 299 then
        if verdict ~= nil and verdict.status ~= nil and verdict.status >= 300 then
            answer(txn, verdict)
        end
        return
    end
    for _, name in ipairs(copied) do
        local values = verdict.headers[name]
        txn.http:req_del_header(name)
        if values ~= nil and values[0] ~= nil then
            txn.http:req_set_header(name, values[0])
        end
    end
    local sent = txn.http:req_get_headers()["cookie"]
    txn.http:req_del_header("cookie")
    for index = 0, sent ~= nil and #sent or -1 do
        local kept = without_own_cookies(sent[index])
        if kept ~= "" then
            txn.http:req_add_header("cookie", kept)
        end
    end
    local cookies = verdict.headers["set-cookie"]
    if cookies ~= nil then
        txn:set_priv(cookies)
    end
    txn:set_var("txn.akproxy_verdict", "allowed")
end, 0)`;
}

function cookies({ slug }: SnippetFacts): string {
  return `-- A cookie of the verdict reaches the browser beside the application's own.
core.register_action("akproxy_${slug}_cookies", { "http-res" }, function(txn)
    local cookies = txn:get_priv()
    if cookies ~= nil then
        for index = 0, #cookies do
            txn.http:res_add_header("set-cookie", cookies[index])
        end
    end
end, 0)`;
}
