-- The namespaces of the SDK that the plug-in may import, with the functions that the published reference lists.

local ask, strict, Tasks, Objects = ...

local SDK = {}

SDK.LrApplication = { activeCatalog = Objects.catalog, versionString = function() return "6.0" end }

SDK.LrTasks = {
    startAsyncTask = function(work, name) Tasks.start(work, name) end,
    pcall = function(...)
        if not Tasks.canYield() then error("LrTasks.pcall can be called inside a task only", 2) end
        return Tasks.pcall(...)
    end,
    sleep = function(seconds)
        Tasks.pause("LrTasks.sleep")
        Tasks.now = Tasks.now + seconds
    end,
    yield = function() Tasks.pause("LrTasks.yield") end,
    canYield = Tasks.canYield,
}

-- Function contexts -------------------------------------------------------------------------------

local CONTEXT = {
    addCleanupHandler = function(self, handler) table.insert(rawget(self, "cleanup"), handler) end,
    addFailureHandler = function(self, handler) table.insert(rawget(self, "failure"), handler) end,
}

local function within(work, ...)
    local context = strict("LrFunctionContext object", CONTEXT, { cleanup = {}, failure = {} })
    local ok, why = Tasks.pcall(work, context, ...)
    for index = #context.failure, 1, -1 do
        if not ok then context.failure[index](false, why) end
    end
    for index = #context.cleanup, 1, -1 do context.cleanup[index](ok, why) end
    if not ok then error(why, 0) end
    return why
end

SDK.LrFunctionContext = {
    callWithContext = function(_, work, ...) return within(work, ...) end,
    postAsyncTaskWithContext = function(name, work) Tasks.start(function() within(work) end, name) end,
}

-- People: dialogs, progress, panels ---------------------------------------------------------------

SDK.LrDialogs = {
    message = function(title, info, style)
        if type(title) ~= "string" then error("LrDialogs.message needs a text", 2) end
        if style ~= nil and style ~= "info" and style ~= "warning" and style ~= "critical" then
            error("LrDialogs.message: style is info, warning or critical", 2)
        end
        ask("dialog", title, info or "", style or "warning")
    end,
    attachErrorDialogToFunctionContext = function(context)
        context:addFailureHandler(function(_, why) ask("dialog", "An error", tostring(why), "critical") end)
    end,
}

local SCOPE = {
    setPortionComplete = function(_, done, total) ask("progress", done, total or 1) end,
    setCaption = function(_, caption) if type(caption) ~= "string" then error("a caption is a text", 2) end end,
    setCancelable = function() end,
    isCanceled = function(self) return not rawget(self, "finished") and ask("cancelled") end,
    isDone = function(self) return rawget(self, "finished") end,
    done = function(self) rawset(self, "finished", true) end,
}

SDK.LrProgressScope = function(options)
    if type(options) ~= "table" or type(options.title) ~= "string" then
        error("LrProgressScope needs {title = ...}", 2)
    end
    return strict("LrProgressScope object", SCOPE, { finished = false })
end

local function control(kind)
    return function(_, options) return { kind = kind, options = options } end
end

local VIEW = {}
for _, kind in ipairs({ "row", "column", "static_text", "edit_field", "password_field", "push_button", "spacer",
    "checkbox", "group_box" }) do
    VIEW[kind] = control(kind)
end

SDK.LrView = {
    bind = function(key) return { bound = key } end,
    osFactory = function() return strict("LrView factory", VIEW) end,
}

-- Preferences, passwords, logs --------------------------------------------------------------------

local preferences = setmetatable({}, {
    __index = function(_, key) return ask("preference", key) end,
    __newindex = function(_, key, new)
        if type(new) == "function" or type(new) == "userdata" then error("preferences hold plain values only", 2) end
        ask("set_preference", key, new)
    end,
})

SDK.LrPrefs = { prefsForPlugin = function() return preferences end }

SDK.LrPasswords = {
    store = function(key, secret)
        if type(secret) ~= "string" then error("LrPasswords.store needs a text", 2) end
        ask("store_password", key, secret)
    end,
    retrieve = function(key) return ask("password", key) end,
}

local function logged(level)
    return function(self, text)
        if rawget(self, "target") == "logfile" then ask("log", level, tostring(text)) end
    end
end

local LOGGER = {
    enable = function(self, target)
        if target ~= "logfile" and target ~= "print" then error("LrLogger:enable needs 'logfile' or 'print'", 2) end
        rawset(self, "target", target)
    end,
    info = logged("info"), warn = logged("warn"), error = logged("error"), trace = logged("trace"),
    debug = logged("debug"),
}

SDK.LrLogger = function(name)
    if type(name) ~= "string" then error("LrLogger needs a name", 2) end
    return strict("LrLogger object", LOGGER, { target = false })
end

-- Network -----------------------------------------------------------------------------------------

local function online(call)
    Tasks.pause(call)
    if Objects.gateIsOpen() then error(call .. " inside a gate would hold the catalog up", 3) end
end

local function fields(headers, call)
    for _, header in ipairs(headers or {}) do
        if type(header.field) ~= "string" or type(header.value) ~= "string" then
            error(call .. ": a header is {field = text, value = text}", 3)
        end
    end
    return headers
end

local function answered(reply)
    if reply.error then return nil, reply end
    return reply.body, reply.headers
end

SDK.LrHttp = {
    get = function(url, headers, timeout)
        online("LrHttp.get")
        if timeout ~= nil and type(timeout) ~= "number" then error("LrHttp.get: timeout is a number", 2) end
        return answered(ask("http", "GET", url, fields(headers, "LrHttp.get"), nil, timeout))
    end,
    post = function(url, body, headers, method, timeout, size)
        online("LrHttp.post")
        if type(body) ~= "string" and type(body) ~= "function" then error("LrHttp.post needs a body", 2) end
        if timeout ~= nil and type(timeout) ~= "number" then error("LrHttp.post: the fifth is a timeout", 2) end
        if type(body) == "function" and type(size) ~= "number" then error("LrHttp.post: totalSize is missing", 2) end
        return answered(ask("http", method or "POST", url, fields(headers, "LrHttp.post"), body, timeout))
    end,
}

-- Files -------------------------------------------------------------------------------------------

local function file(verb)
    return function(...) return ask("file." .. verb, ...) end
end

SDK.LrFileUtils = {
    exists = file("exists"), fileAttributes = file("attributes"), move = file("move"), copy = file("copy"),
    delete = file("delete"), createAllDirectories = file("create_all"),
}

SDK.LrPathUtils = {
    child = file("child"), parent = file("parent"), leafName = file("leaf"), extension = file("extension"),
    removeExtension = file("without_extension"), getStandardFilePath = file("standard"),
}

return SDK
