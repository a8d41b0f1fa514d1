-- JSON for Lua 5.1. Reads and writes without any call that may yield, so a plain pcall is safe here.
--
-- null: an object member that is null is absent; an array item that is null is Json.null, so that the
-- others keep their places. Whole numbers beyond 2^53 stay strings of digits: a double would change them.

local Json = {}

local MAX_DEPTH = 64
local MAX_EXACT = 9007199254740992

Json.null = setmetatable({}, { __tostring = function() return "null" end })

local ARRAY = {}

--- Marks a table as an array, so that an empty one is written as [] and not as {}.
function Json.array(items)
    return setmetatable(items or {}, ARRAY)
end

function Json.isArray(value)
    return type(value) == "table" and getmetatable(value) == ARRAY
end

-- Reading ---------------------------------------------------------------------------------------

local function fail(at, what)
    error({ json = string.format("%s at byte %d", what, at) }, 0)
end

local function skip(text, at)
    return string.find(text, "[^ \t\r\n]", at) or #text + 1
end

--- A code point as UTF-8 bytes.
local function utf8(code)
    local char, floor = string.char, math.floor
    if code < 0x80 then
        return char(code)
    elseif code < 0x800 then
        return char(0xC0 + floor(code / 0x40), 0x80 + code % 0x40)
    elseif code < 0x10000 then
        return char(0xE0 + floor(code / 0x1000), 0x80 + floor(code / 0x40) % 0x40, 0x80 + code % 0x40)
    end
    return char(
        0xF0 + floor(code / 0x40000),
        0x80 + floor(code / 0x1000) % 0x40,
        0x80 + floor(code / 0x40) % 0x40,
        0x80 + code % 0x40
    )
end

local function hex4(text, at)
    local digits = string.match(text, "^%x%x%x%x", at)
    if not digits then fail(at, "a \\u escape needs four hexadecimal digits") end
    return tonumber(digits, 16)
end

--- Reads the digits of a \u escape that begin at `at`, and its second half where there is one.
local function unicode(text, at)
    local code = hex4(text, at)
    if code >= 0xD800 and code <= 0xDBFF and string.sub(text, at + 4, at + 5) == "\\u" then
        local low = hex4(text, at + 6)
        if low >= 0xDC00 and low <= 0xDFFF then
            return utf8(0x10000 + (code - 0xD800) * 0x400 + (low - 0xDC00)), at + 10
        end
    end
    if code >= 0xD800 and code <= 0xDFFF then return utf8(0xFFFD), at + 4 end
    return utf8(code), at + 4
end

local ESCAPES = {
    ['"'] = '"', ["\\"] = "\\", ["/"] = "/", b = "\b", f = "\f", n = "\n", r = "\r", t = "\t",
}

local function readString(text, at)
    local pieces, from = {}, at + 1
    while true do
        local stop = string.find(text, '["\\%c]', from)
        if not stop then fail(at, "a string without an end") end
        pieces[#pieces + 1] = string.sub(text, from, stop - 1)
        local found = string.sub(text, stop, stop)
        if found == '"' then return table.concat(pieces), stop + 1 end
        if found ~= "\\" then
            if string.byte(found) < 32 then fail(stop, "a control character inside a string") end
            pieces[#pieces + 1], from = found, stop + 1 -- DEL is allowed
        else
            local kind = string.sub(text, stop + 1, stop + 1)
            if kind == "u" then
                pieces[#pieces + 1], from = unicode(text, stop + 2)
            elseif ESCAPES[kind] then
                pieces[#pieces + 1], from = ESCAPES[kind], stop + 2
            else
                fail(stop, "an unknown escape")
            end
        end
    end
end

local function readNumber(text, at)
    local whole = string.match(text, "^-?%d+", at)
    if not whole or string.find(whole, "^-?0%d") then fail(at, "not a number") end
    local fraction = string.match(text, "^%.%d+", at + #whole) or ""
    local power = string.match(text, "^[eE][+-]?%d+", at + #whole + #fraction) or ""
    local written = whole .. fraction .. power
    local value = tonumber(written)
    if fraction == "" and power == "" and string.format("%.0f", value) ~= whole then value = written end
    return value, at + #written
end

local readValue

local function readArray(text, at, depth)
    local items = Json.array()
    at = skip(text, at + 1)
    if string.sub(text, at, at) == "]" then return items, at + 1 end
    while true do
        local value
        value, at = readValue(text, at, depth)
        if value == nil then value = Json.null end
        items[#items + 1] = value
        at = skip(text, at)
        local mark = string.sub(text, at, at)
        if mark == "]" then return items, at + 1 end
        if mark ~= "," then fail(at, "expected , or ]") end
        at = skip(text, at + 1)
    end
end

local function readObject(text, at, depth)
    local members = {}
    at = skip(text, at + 1)
    if string.sub(text, at, at) == "}" then return members, at + 1 end
    while true do
        if string.sub(text, at, at) ~= '"' then fail(at, "expected a name") end
        local name
        name, at = readString(text, at)
        at = skip(text, at)
        if string.sub(text, at, at) ~= ":" then fail(at, "expected :") end
        members[name], at = readValue(text, skip(text, at + 1), depth)
        at = skip(text, at)
        local mark = string.sub(text, at, at)
        if mark == "}" then return members, at + 1 end
        if mark ~= "," then fail(at, "expected , or }") end
        at = skip(text, at + 1)
    end
end

function readValue(text, at, depth)
    if depth > MAX_DEPTH then fail(at, "nested too deeply") end
    local first = string.sub(text, at, at)
    if first == "{" then return readObject(text, at, depth + 1) end
    if first == "[" then return readArray(text, at, depth + 1) end
    if first == '"' then return readString(text, at) end
    if string.sub(text, at, at + 3) == "true" then return true, at + 4 end
    if string.sub(text, at, at + 4) == "false" then return false, at + 5 end
    if string.sub(text, at, at + 3) == "null" then return nil, at + 4 end
    return readNumber(text, at)
end

--- The value of a JSON text; or nil and why it is none.
function Json.decode(text)
    if type(text) ~= "string" then return nil, "there is no text" end
    local from = string.sub(text, 1, 3) == "\239\187\191" and 4 or 1
    local ok, value, at = pcall(readValue, text, skip(text, from), 0)
    if not ok then return nil, type(value) == "table" and value.json or tostring(value) end
    if skip(text, at) <= #text then return nil, string.format("more text after the value at byte %d", at) end
    return value
end

-- Writing ---------------------------------------------------------------------------------------

local SHORT = { ['"'] = '\\"', ["\\"] = "\\\\", ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n",
    ["\r"] = "\\r", ["\t"] = "\\t" }

local function writeString(value)
    return '"' .. string.gsub(value, '[%c"\\]', function(found)
        return SHORT[found] or string.format("\\u%04x", string.byte(found))
    end) .. '"'
end

local function writeNumber(value)
    if value ~= value or value == math.huge or value == -math.huge then error("JSON has no such number", 0) end
    if value % 1 == 0 and math.abs(value) <= MAX_EXACT then return string.format("%.0f", value) end
    return string.format("%.17g", value)
end

local writeValue

local function writeTable(value, depth)
    if depth > MAX_DEPTH then error("nested too deeply for JSON", 0) end
    local pieces = {}
    if Json.isArray(value) or #value > 0 then
        for index = 1, #value do pieces[index] = writeValue(value[index], depth + 1) end
        return "[" .. table.concat(pieces, ",") .. "]"
    end
    local names = {}
    for name in pairs(value) do names[#names + 1] = tostring(name) end
    table.sort(names)
    for index, name in ipairs(names) do
        pieces[index] = writeString(name) .. ":" .. writeValue(value[name], depth + 1)
    end
    return "{" .. table.concat(pieces, ",") .. "}"
end

function writeValue(value, depth)
    if value == nil or value == Json.null then return "null" end
    local kind = type(value)
    if kind == "string" then return writeString(value) end
    if kind == "number" then return writeNumber(value) end
    if kind == "boolean" then return tostring(value) end
    if kind == "table" then return writeTable(value, depth) end
    error("JSON cannot hold a " .. kind, 0)
end

--- The JSON text of a value. Raises where there is none (a function, an infinite number, a loop).
function Json.encode(value)
    return writeValue(value, 0)
end

return Json
