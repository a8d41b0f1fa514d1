-- All that the plug-in knows of the server. Every answer is {ok, ...}; a failure carries a sentence for people
-- and a kind: unreachable, key, busy, gone, foreign (no Studio Server answered), refused.
-- Call it inside a task only: every request yields.

local LrHttp = import "LrHttp"
local LrTasks = import "LrTasks"

local Json = require "Json"
local Settings = require "Settings"

local Api = {}

local SHORT_WAIT, LONG_WAIT = 30, 600 -- seconds
local PAGE = 100
local PAGES = 1000
local TRIES, LONGEST_PAUSE = 3, 60

local NETWORK = {
    cancelled = "the request was cancelled",
    badURL = "the address is not a valid one",
    timedOut = "it did not answer in time",
    cannotFindHost = "there is no computer of this name on the network",
    cannotConnectToHost = "nothing listens there; is the server running?",
    resourceUnavailable = "it is not available at the moment",
    networkConnectionLost = "the connection broke off",
    redirectError = "it sent us round in circles",
    badServerResponse = "it answered something that is no HTTP",
    authenticationError = "a proxy or the server asks for another log-in",
    securityError = "its certificate was not accepted",
    serverCertificateHasBadDate = "its certificate has expired, or this computer's clock is wrong",
    serverCertificateHasUnknownRoot = "its certificate is signed by nobody whom this computer knows",
}

local function failure(kind, sentence, status)
    return { ok = false, kind = kind, sentence = sentence, status = status }
end

--- A header of an answer; names are compared without case.
local function header(info, name)
    for _, entry in ipairs(info) do
        if type(entry.field) == "string" and string.lower(entry.field) == name then return entry.value end
    end
    return nil
end

local function unreachable(info)
    local problem = type(info) == "table" and info.error or {}
    local why = NETWORK[problem.errorCode] or problem.name or "the network gave no reason"
    return failure("unreachable", string.format("%s cannot be reached: %s.", Settings.server(), why))
end

--- The server's own sentence about an error, if it sent one.
local function said(body)
    local data = Json.decode(body)
    return type(data) == "table" and type(data.error) == "string" and data.error or nil
end

local STATUS = {
    [401] = { "key", "The server does not accept the key. Make a new one on the server's settings page and paste it "
        .. "into the plug-in's settings." },
    [403] = { "key", "The key is not allowed to do this. Make a new one on the server's settings page." },
    [404] = { "foreign", "The server does not know this address: it is another program, or an older version." },
    [410] = { "gone", "it was erased on the server." },
    [429] = { "busy", "The server asks us to wait: there were too many tries. Try again in a few minutes." },
}

local function refused(status, body)
    local known = STATUS[status]
    local sentence = said(body)
    if known then return failure(known[1], sentence or known[2], status) end
    return failure("refused", sentence or string.format("The server answered with error %d.", status), status)
end

local function whole(body, info)
    local length = tonumber(header(info, "content-length") or "")
    return length == nil or header(info, "content-encoding") ~= nil or length == #body
end

local function once(method, path, body, wait)
    local url = Settings.server() .. path
    local headers = {
        { field = "Authorization", value = "Bearer " .. Settings.key() },
        { field = "Accept", value = "application/json" },
        { field = "Content-Type", value = body and "application/json" or "skip" },
    }
    local answer, info
    if method == "GET" then
        answer, info = LrHttp.get(url, headers, wait)
    else
        answer, info = LrHttp.post(url, body or "", headers, method, wait)
    end
    if answer == nil or type(info) ~= "table" then return unreachable(info) end
    local status = tonumber(info.status) or 0
    if status < 200 or status > 299 then
        local failed = refused(status, answer)
        failed.pause = tonumber(header(info, "retry-after") or "")
        return failed
    end
    if not whole(answer, info) then return failure("unreachable", "The connection broke off in the middle.") end
    return { ok = true, status = status, body = answer, etag = header(info, "etag") }
end

--- One request; waits and tries again where the server asks us to.
local function request(method, path, body, wait)
    local answer
    for try = 1, TRIES do
        answer = once(method, path, body, wait or SHORT_WAIT)
        if answer.ok or answer.kind ~= "busy" or try == TRIES then break end
        LrTasks.sleep(math.min(answer.pause or 5, LONGEST_PAUSE))
    end
    return answer
end

local function json(answer)
    if not answer.ok then return answer end
    local data = Json.decode(answer.body)
    if type(data) ~= "table" then
        return failure("foreign", Settings.server() .. " answered with a page instead of data: "
            .. "this is not a Studio Server. Check the address in the plug-in's settings.")
    end
    answer.data = data
    return answer
end

--- Whether the server is there and takes our key.
function Api.hello()
    local answer = json(request("GET", "/api/v1/hello"))
    if answer.ok and answer.data.product ~= "studio-server" then
        return failure("foreign", Settings.server() .. " is not a Studio Server. Check the address.")
    end
    return answer
end

local function escaped(text)
    return (string.gsub(text, "[^%w%-._~]", function(char) return string.format("%%%02X", string.byte(char)) end))
end

--- Every delivery after the cursor, page by page: {ok, deliveries, cursor}.
function Api.deliveries(since)
    local found, cursor = {}, since
    for _ = 1, PAGES do
        local door = string.format("/api/v1/deliveries?since=%s&limit=%d", escaped(cursor), PAGE)
        local answer = json(request("GET", door))
        if not answer.ok then return answer end
        local page = answer.data
        if not Json.isArray(page.deliveries) or type(page.cursor) ~= "string" then
            return failure("foreign", "The server's list of deliveries has another form: "
                .. "the plug-in and the server are of different versions.")
        end
        for _, delivery in ipairs(page.deliveries) do found[#found + 1] = delivery end
        local stuck = page.cursor == cursor
        cursor = page.cursor
        if not page.more or stuck then break end
    end
    return { ok = true, deliveries = found, cursor = cursor }
end

--- The bytes of a master: {ok, body}. What is not the master that was announced is a failure.
function Api.master(delivery)
    local answer = request("GET", "/api/v1/deliveries/" .. escaped(delivery.id) .. "/file", nil, LONG_WAIT)
    if not answer.ok then return answer end
    if #answer.body ~= delivery.size then
        return failure("unreachable", string.format("%d of %d bytes arrived.", #answer.body, delivery.size))
    end
    local tag = answer.etag and string.match(answer.etag, "%x+")
    if tag and #tag == 64 and tag ~= delivery.sha256 then
        return failure("refused", "the server sent another picture than the one that it announced.")
    end
    return answer
end

--- Tells the server where the master lies now.
function Api.acknowledge(delivery, path)
    local door = "/api/v1/deliveries/" .. escaped(delivery.id) .. "/ack"
    return json(request("POST", door, Json.encode({ path = path })))
end

return Api
