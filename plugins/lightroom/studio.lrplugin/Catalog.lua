-- Reading the catalog: which masters it has, and which photo is the RAW of each. Writes nothing.
-- Every query yields, so call it inside a task, outside of any gate.

local LrTasks = import "LrTasks"

local Files = require "Files"
local Match = require "Match"
local Paths = require "Paths"
local Plan = require "Plan"

local Catalog = {}

local RAW_KEYS = { "path", "dateTimeOriginalISO8601", "isVirtualCopy", "fileFormat" }
local FORMATTED_KEYS = { "cameraSerialNumber" }
local DAY = 24 * 60 * 60

--- Our masters in the catalog, by fingerprint. A virtual copy carries its master's, and stands for it as well.
function Catalog.masters(catalog)
    local photos = catalog:findPhotosWithProperty(_PLUGIN.id, "studioSha256")
    local properties = catalog:batchGetPropertyForPlugin(photos, _PLUGIN, { "studioSha256" })
    local masters = {}
    for _, photo in ipairs(photos) do
        local sha = properties[photo] and properties[photo].studioSha256
        if sha then masters[sha] = photo end
    end
    return masters
end

local function entries(catalog, photos)
    local raw = catalog:batchGetRawMetadata(photos, RAW_KEYS)
    local formatted = catalog:batchGetFormattedMetadata(photos, FORMATTED_KEYS)
    local found = {}
    for index, photo in ipairs(photos) do
        found[index] = {
            photo = photo,
            path = raw[photo].path,
            captured = raw[photo].dateTimeOriginalISO8601,
            copy = raw[photo].isVirtualCopy,
            format = raw[photo].fileFormat,
            serial = formatted[photo].cameraSerialNumber,
        }
    end
    return found
end

local function shifted(day, days)
    local year, month, date = string.match(day, "^(%d+)-(%d+)-(%d+)$")
    local noon = os.time({ year = tonumber(year), month = tonumber(month), day = tonumber(date), hour = 12 })
    return os.date("%Y-%m-%d", noon + days * DAY)
end

--- The photos taken on a day (and its neighbours, for a catalog may count days in another zone),
--- without our own masters: they carry the capture time of their RAW.
local function ofDay(search, day)
    if not search.days[day] then
        local photos = search.catalog:findPhotos({
            searchDesc = {
                {
                    criteria = "captureTime",
                    operation = "in",
                    value = shifted(day, -1),
                    value2 = shifted(day, 1),
                },
                combine = "intersect",
            },
        })
        local kept = {}
        for _, entry in ipairs(entries(search.catalog, photos)) do
            if not search.own[entry.photo] and not search.laid[Paths.plain(entry.path)] then
                kept[#kept + 1] = entry
            end
        end
        search.days[day] = kept
    end
    return search.days[day]
end

--- The photo at a path: virtual copies share their master's path, and only the master can carry a stack.
local function atPath(catalog, path)
    local photo = path ~= "" and catalog:findPhotoByPath(path)
    if not photo then return nil end
    if photo:getRawMetadata("isVirtualCopy") then return photo:getRawMetadata("masterPhoto") end
    return photo
end

--- The RAW of a delivery: by its original path, unless another frame lies there now; else by instant and camera.
local function parentOf(search, parent)
    local photo = atPath(search.catalog, parent.path or "")
    if photo then
        local entry = entries(search.catalog, { photo })[1]
        if not Match.contradicts(parent, entry) then return entry, nil end
    end
    local instant = Match.instant(parent.captured_at)
    if not instant then return nil, "none" end
    return Match.byTime(parent, ofDay(search, instant.day))
end

--- A photo at the master's path that carries no fingerprint: added by hand, or left by a pull that was cut short.
local function unmarked(search, path)
    local photo = atPath(search.catalog, path)
    if photo and not search.own[photo] then return photo end
    return nil
end

local function factsOf(search, delivery)
    local facts = { ours = search.masters[delivery.sha256] }
    if facts.ours then return facts end
    local laid = delivery.laid_path or ""
    facts.laid = Files.holds(laid, delivery)
    facts.there = unmarked(search, laid)
    if facts.there then return facts end
    facts.parent, facts.why = parentOf(search, delivery.parent)
    facts.folder = Files.folder(delivery)
    local folder = facts.parent and Paths.folder(facts.parent.path) or facts.folder
    local path = folder and Paths.join(folder, delivery.file)
    if path and Files.holds(path, delivery) then facts.there = unmarked(search, path) end
    return facts
end

local function newSearch(catalog, deliveries)
    local search = { catalog = catalog, masters = Catalog.masters(catalog), own = {}, laid = {}, days = {} }
    for _, photo in pairs(search.masters) do search.own[photo] = true end
    for _, delivery in ipairs(deliveries) do
        if type(delivery) == "table" and type(delivery.laid_path) == "string" then
            search.laid[Paths.plain(delivery.laid_path)] = true
        end
    end
    return search
end

--- What the catalog has for each delivery, in the form that Plan.step takes; nil if it was to stop.
--- `goOn(done)` is asked after each one.
function Catalog.facts(catalog, deliveries, goOn)
    local search, facts = newSearch(catalog, deliveries), {}
    for index, delivery in ipairs(deliveries) do
        facts[index] = Plan.fault(delivery) and {} or factsOf(search, delivery)
        if not goOn(index) then return nil end
        LrTasks.yield()
    end
    return facts
end

--- The photo at a path, masters of virtual copies included.
Catalog.at = atPath

return Catalog
