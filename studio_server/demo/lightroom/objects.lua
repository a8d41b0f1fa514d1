-- The catalog and what is in it, as objects of the SDK. The Python side holds the data; the rules about gates,
-- tasks and names are kept here.

local ask, Tasks, Gates, strict = ...

local Objects = {}

local made = setmetatable({}, { __mode = "k" }) -- object -> number of the gate that it was made in
local known = {} -- "kind:id" -> object, so that one photo is one object
local identity = setmetatable({}, { __mode = "k" }) -- object -> {kind, id}
local methods = { LrPhoto = {}, LrKeyword = {}, LrCollection = {}, LrCollectionSet = {}, LrCatalog = {} }

local function usable(object)
    if Gates.current and made[object] == Gates.current.number then
        error("an object that was made inside this gate cannot be used before the gate has returned", 3)
    end
end

local function object(kind, id)
    local name = kind .. ":" .. id
    if not known[name] then
        local new = strict(kind, methods[kind], { localIdentifier = id })
        known[name], identity[new] = new, { kind = kind, id = id }
    end
    return known[name]
end

local function fresh(kind, id, isNew)
    local new = object(kind, id)
    if isNew then made[new] = Gates.current.number end
    return new
end

--- The id of an object of this kind that may be used now.
local function id(value, kind, call)
    local found = type(value) == "table" and identity[value]
    if not found or found.kind ~= kind then error(call .. " needs an " .. kind, 3) end
    usable(value)
    return found.id
end

local function idOrNil(value, kind, call)
    if value == nil then return nil end
    return id(value, kind, call)
end

local function writing(call)
    if not Gates.mine() then
        error(call .. " can be called inside a write gate only (catalog:withWriteAccessDo)", 3)
    end
end

local function photosOf(ids)
    local photos = {}
    for index, number in ipairs(ids) do photos[index] = object("LrPhoto", number) end
    return photos
end

local function idsOf(photos, call)
    if type(photos) ~= "table" then error(call .. " needs an array of photos", 3) end
    local ids = {}
    for index, photo in ipairs(photos) do ids[index] = id(photo, "LrPhoto", call) end
    return ids
end

local function ourPlugin(plugin, call)
    if plugin ~= _PLUGIN then error(call .. " needs _PLUGIN", 3) end
end

-- Values that are photos or keywords come from the Python side as {kind = ..., ids = ...}.
local function value(raw)
    if type(raw) ~= "table" or not raw.kind then return raw end
    if raw.id then return object(raw.kind, raw.id) end
    local list = {}
    for index, number in ipairs(raw.ids) do list[index] = object(raw.kind, number) end
    return list
end

-- The catalog: gates ------------------------------------------------------------------------------

local catalog = methods.LrCatalog

function catalog:withWriteAccessDo(title, work, timeout)
    if type(title) ~= "string" then error("withWriteAccessDo needs the name of its action", 2) end
    return Gates.enter("withWriteAccessDo", work, timeout)
end

function catalog:withPrivateWriteAccessDo(work, timeout)
    return Gates.enter("withPrivateWriteAccessDo", work, timeout)
end

-- The catalog: queries ----------------------------------------------------------------------------

local function query(call)
    Tasks.pause(call)
end

function catalog:getPath() return ask("catalog.path") end

function catalog:findPhotoByPath(path, _)
    query("findPhotoByPath")
    if type(path) ~= "string" or path == "" then error("findPhotoByPath needs a path", 2) end
    local found = ask("catalog.find_path", path)
    return found and object("LrPhoto", found) or nil
end

function catalog:findPhotosWithProperty(plugin, field, _)
    query("findPhotosWithProperty")
    if plugin ~= _PLUGIN.id then error("findPhotosWithProperty needs the plug-in's id, a string", 2) end
    return photosOf(ask("catalog.find_property", field))
end

function catalog:findPhotos(options)
    query("findPhotos")
    if type(options) ~= "table" or type(options.searchDesc) ~= "table" then
        error("findPhotos needs {searchDesc = ...}", 2)
    end
    local search = options.searchDesc
    for index = 1, #search do
        local rule = search[index]
        if rule.criteria ~= "captureTime" or rule.operation ~= "in" then
            error("findPhotos: only captureTime in value..value2 is simulated", 2)
        end
    end
    return photosOf(ask("catalog.find_days", search[1].value, search[1].value2))
end

local function batch(call, verb)
    return function(_, photos, keys)
        query(call)
        local ids, result = idsOf(photos, call), {}
        if type(keys) ~= "table" then error(call .. " needs an array of keys", 2) end
        for index, number in ipairs(ids) do
            local row = {}
            for _, key in ipairs(keys) do row[key] = value(ask(verb, number, key)) end
            result[photos[index]] = row
        end
        return result
    end
end

catalog.batchGetRawMetadata = batch("batchGetRawMetadata", "photo.raw")
catalog.batchGetFormattedMetadata = batch("batchGetFormattedMetadata", "photo.formatted")

local properties = batch("batchGetPropertyForPlugin", "photo.property")

function catalog:batchGetPropertyForPlugin(photos, plugin, fields)
    ourPlugin(plugin, "batchGetPropertyForPlugin")
    return properties(self, photos, fields)
end

-- The catalog: additions --------------------------------------------------------------------------

function catalog:addPhoto(path, stackWith, position)
    writing("addPhoto")
    if position ~= nil and position ~= "above" and position ~= "below" then
        error("addPhoto: position is 'above' or 'below'", 2)
    end
    query("addPhoto")
    local parent = idOrNil(stackWith, "LrPhoto", "addPhoto")
    return fresh("LrPhoto", ask("catalog.add", path, parent, position or "below"), true)
end

function catalog:createKeyword(name, synonyms, includeOnExport, parent, returnExisting)
    writing("createKeyword")
    if synonyms ~= nil and type(synonyms) ~= "table" then error("createKeyword: synonyms is a table", 2) end
    if includeOnExport ~= nil and type(includeOnExport) ~= "boolean" then
        error("createKeyword: includeOnExport is a boolean", 2)
    end
    local found = ask("catalog.keyword", name, idOrNil(parent, "LrKeyword", "createKeyword"), returnExisting or false)
    if not found.id then return nil end
    return fresh("LrKeyword", found.id, found.new)
end

local function create(kind)
    return function(_, name, parent, canReturnPrior)
        writing("create" .. kind)
        local set = idOrNil(parent, "LrCollectionSet", "create" .. kind)
        local found = ask("catalog.shelf", kind, name, set, canReturnPrior or false)
        if not found.id then return nil end
        return fresh(kind, found.id, found.new)
    end
end

catalog.createCollection = create("LrCollection")
catalog.createCollectionSet = create("LrCollectionSet")

-- Photos, keywords, collections -------------------------------------------------------------------

local photo = methods.LrPhoto

function photo:getRawMetadata(key)
    query("getRawMetadata")
    return value(ask("photo.raw", id(self, "LrPhoto", "getRawMetadata"), key))
end

function photo:getFormattedMetadata(key)
    query("getFormattedMetadata")
    return ask("photo.formatted", id(self, "LrPhoto", "getFormattedMetadata"), key)
end

function photo:setRawMetadata(key, new)
    writing("setRawMetadata")
    ask("photo.set_raw", id(self, "LrPhoto", "setRawMetadata"), key, new)
end

function photo:getPropertyForPlugin(plugin, field)
    query("getPropertyForPlugin")
    ourPlugin(plugin, "getPropertyForPlugin")
    return ask("photo.property", id(self, "LrPhoto", "getPropertyForPlugin"), field)
end

function photo:setPropertyForPlugin(plugin, field, new)
    writing("setPropertyForPlugin")
    ourPlugin(plugin, "setPropertyForPlugin")
    ask("photo.set_property", id(self, "LrPhoto", "setPropertyForPlugin"), field, new)
end

function photo:addKeyword(keyword)
    writing("addKeyword")
    ask("photo.add_keyword", id(self, "LrPhoto", "addKeyword"), id(keyword, "LrKeyword", "addKeyword"))
end

function methods.LrKeyword:getName()
    return ask("keyword.name", id(self, "LrKeyword", "getName"))
end

function methods.LrCollection:addPhotos(photos)
    writing("addPhotos")
    local collection = id(self, "LrCollection", "addPhotos")
    for _, number in ipairs(idsOf(photos, "addPhotos")) do ask("collection.add", collection, number) end
end

function Objects.catalog() return object("LrCatalog", 0) end

Objects.gateIsOpen = Gates.mine

return Objects
