-- The Lua that Lightroom leaves to plug-ins. An unknown namespace, function or global name raises.

local host, load_part, toolkit = ...

--- A table that raises on a name which it does not have, and on any writing.
local function strict(name, members, own)
    return setmetatable(own or {}, {
        __index = function(_, key)
            local member = members[key]
            if member == nil then error(name .. "." .. tostring(key) .. " is not in the SDK", 2) end
            return member
        end,
        __newindex = function(_, key) error(name .. "." .. tostring(key) .. " cannot be written", 2) end,
        __tostring = function() return name end,
    })
end

local function ask(verb, ...)
    local ok, result = host(verb, ...)
    if not ok then error(result, 3) end
    return result
end

_PLUGIN = strict("_PLUGIN", { id = toolkit.id, path = toolkit.path, enabled = true })

local Tasks = load_part("tasks")
local Gates = load_part("gates", ask, Tasks)
local Objects = load_part("objects", ask, Tasks, Gates, strict)
local SDK = load_part("namespaces", ask, strict, Tasks, Objects)

-- The Lua that is left ----------------------------------------------------------------------------

local NAMES = { "assert", "error", "ipairs", "next", "pairs", "pcall", "rawequal", "rawget", "rawset", "select",
    "setmetatable", "getmetatable", "tonumber", "tostring", "type", "unpack", "xpcall", "_VERSION" }

--- Plain Lua on Windows opens no path with other characters than ASCII, so the plug-in must do without.
local function open(path, mode)
    if string.find(path, "[\128-\255]") then return nil, path .. ": No such file or directory", 2 end
    return io.open(path, mode)
end

local environment = {
    string = string, table = table, math = math,
    io = strict("io", { open = open }),
    os = strict("os", { clock = os.clock, date = os.date, time = os.time, tmpname = os.tmpname }),
    _PLUGIN = _PLUGIN,
    LOC = function(text) return (string.gsub(text, "^%$%$%$/[^=]*=", "")) end,
}
for _, name in ipairs(NAMES) do environment[name] = _G[name] end

local namespaces = {}

function environment.import(name)
    local found = SDK[name]
    if found == nil then error(tostring(name) .. " is not a namespace of the SDK", 2) end
    if type(found) == "function" then return found end
    namespaces[name] = namespaces[name] or strict(name, found)
    return namespaces[name]
end

local sandbox = setmetatable({}, {
    __index = function(_, name)
        local found = environment[name]
        if found == nil then error("there is no global name " .. tostring(name) .. " in Lightroom's Lua", 2) end
        return found
    end,
    __newindex = function(_, name) error("a global name is written: " .. tostring(name), 2) end,
})

local modules = {}

local function run(name, ...)
    local chunk, why = loadstring(ask("source", name), "@" .. name)
    if not chunk then error(why, 0) end
    return setfenv(chunk, sandbox)(...)
end

function environment.require(name)
    if modules[name] == nil then modules[name] = run(name .. ".lua") or true end
    return modules[name]
end

return { run = run, tasks = Tasks, environment = environment, view = SDK.LrView.osFactory, sandbox = sandbox }
