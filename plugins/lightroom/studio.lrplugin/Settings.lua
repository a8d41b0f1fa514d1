-- Where the server is, and the key for it. The key lies in the system's password store, not in the preferences.

local LrPasswords = import "LrPasswords"
local LrPrefs = import "LrPrefs"

local Settings = {}

local KEY = "studio-server-key"
local DEFAULT_SERVER = "http://127.0.0.1:8000"

--- The address as people type it, in the one form that the plug-in uses.
function Settings.tidy(address)
    local tidy = string.gsub(address or "", "%s+", "")
    tidy = string.gsub(tidy, "/+$", "")
    if tidy ~= "" and not string.find(tidy, "^%a[%w+.-]*://") then tidy = "http://" .. tidy end
    return tidy
end

function Settings.server()
    local address = Settings.tidy(LrPrefs.prefsForPlugin().server)
    if address == "" then return DEFAULT_SERVER end
    return address
end

function Settings.setServer(address)
    LrPrefs.prefsForPlugin().server = Settings.tidy(address)
end

function Settings.key()
    return LrPasswords.retrieve(KEY) or ""
end

function Settings.setKey(key)
    LrPasswords.store(KEY, (string.gsub(key or "", "%s+", "")))
end

-- How far each catalog has pulled from each server: preferences are shared by all catalogs.

local function place(catalogPath)
    return "cursor:" .. Settings.server() .. ":" .. catalogPath
end

function Settings.cursor(catalogPath)
    return LrPrefs.prefsForPlugin()[place(catalogPath)] or ""
end

function Settings.setCursor(catalogPath, cursor)
    LrPrefs.prefsForPlugin()[place(catalogPath)] = cursor
end

return Settings
