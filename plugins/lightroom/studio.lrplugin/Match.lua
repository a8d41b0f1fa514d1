-- Which photo of the catalog is the RAW that a master came from. Pure: works on plain tables
-- {photo, path, captured, serial, copy, format}; the catalog is asked elsewhere.

local Paths = require "Paths"

local Match = {}

local RAW = { RAW = true, DNG = true }

-- Cameras write two or three digits of sub-seconds and programs pad or round them.
local SAME_INSTANT = 0.006

--- Seconds of a clock since 1970, by counting days from March (the day that leaps is then a year's last).
local function seconds(day, time)
    local year, month, date = string.match(day, "(%d+)-(%d+)-(%d+)")
    local hour, minute, second = string.match(time, "(%d+):(%d+):(%d+)")
    month = (month - 3) % 12
    if month >= 10 then year = year - 1 end
    local days = 365 * year + math.floor(year / 4) - math.floor(year / 100) + math.floor(year / 400)
        + math.floor((153 * month + 2) / 5) + date - 719469
    return ((days * 24 + hour) * 60 + minute) * 60 + second
end

--- Seconds east of Greenwich that an ISO 8601 time names at its end; nil if it names none.
local function zone(rest)
    if string.find(rest, "[Zz]$") then return 0 end
    local sign, hours, minutes = string.match(rest, "([+-])(%d%d):?(%d%d)$")
    if not sign then return nil end
    return (sign == "-" and -1 or 1) * (hours * 60 + minutes) * 60
end

--- An ISO 8601 time: {day, second (as the camera's clock showed it), part (sub-seconds or nil), world (seconds in
--- UTC, nil without a zone)}; nil if it is none.
function Match.instant(iso)
    if type(iso) ~= "string" then return nil end
    local day, time, rest = string.match(iso, "^(%d%d%d%d%-%d%d%-%d%d)[T ](%d%d:%d%d:%d%d)(.*)$")
    if not day then return nil end
    local digits, offset = string.match(rest, "^[.,](%d+)"), zone(rest)
    return {
        day = day,
        second = day .. "T" .. time,
        part = digits and tonumber("0." .. digits),
        world = offset and seconds(day, time) - offset,
    }
end

--- A catalog shows the camera's clock and often knows no zone, so equal clocks are enough; where both know their
--- zones, equal instants are too.
local function sameInstant(one, other)
    if not one or not other then return false end
    if one.second ~= other.second and (not one.world or one.world ~= other.world) then return false end
    if not one.part or not other.part then return true end
    return math.abs(one.part - other.part) < SAME_INSTANT
end

local function plainSerial(serial)
    local plain = string.gsub(tostring(serial or ""), "%s+", "")
    plain = string.gsub(plain, "^0+", "")
    return string.lower(plain)
end

local function sameName(parent, entry)
    return string.lower(Paths.stem(parent.name or "")) == string.lower(Paths.stem(entry.path))
end

--- Whether camera and instant speak against this photo. What is not known does not speak.
function Match.contradicts(parent, entry)
    local ours, theirs = plainSerial(parent.camera_serial), plainSerial(entry.serial)
    if ours ~= "" and theirs ~= "" and ours ~= theirs then return true end
    local wanted, found = Match.instant(parent.captured_at), Match.instant(entry.captured)
    return wanted ~= nil and found ~= nil and not sameInstant(wanted, found)
end

local function fits(parent, entry)
    if entry.copy then return false end
    if not sameInstant(Match.instant(parent.captured_at), Match.instant(entry.captured)) then return false end
    local ours, theirs = plainSerial(parent.camera_serial), plainSerial(entry.serial)
    if ours == "" or theirs == "" then return sameName(parent, entry) end
    return ours == theirs
end

local function only(entries, keep)
    local kept = {}
    for _, entry in ipairs(entries) do
        if keep(entry) then kept[#kept + 1] = entry end
    end
    if #kept == 0 then return entries end
    return kept
end

--- The one photo of `entries` that was taken at the parent's instant by the parent's camera.
--- Returns it and nil; or nil and why: "none" or "several".
function Match.byTime(parent, entries)
    local found = {}
    for _, entry in ipairs(entries) do
        if fits(parent, entry) then found[#found + 1] = entry end
    end
    if #found == 0 then return nil, "none" end
    local suffix = Paths.suffix(parent.name or "")
    found = only(found, function(entry) return Paths.suffix(entry.path) == suffix end)
    found = only(found, function(entry) return RAW[entry.format] end)
    found = only(found, function(entry) return sameName(parent, entry) end)
    if #found > 1 then return nil, "several" end
    return found[1], nil
end

return Match
