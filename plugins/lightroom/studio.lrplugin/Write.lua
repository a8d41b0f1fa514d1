-- Writing to the catalog, in short gates. A gate that cannot open in time is not an error in Lightroom: it
-- answers "aborted", so each answer is read. What is made in one gate is used in the next one only.

local LrTasks = import "LrTasks"

local Write = {}

local PATIENCE = 30 -- seconds
local LONGEST = 511 -- bytes of a searchable field

local LABELS = { red = true, yellow = true, green = true, blue = true, purple = true }

--- Runs `work` inside a gate. Returns true; or false and why.
local function gate(catalog, title, work)
    local ok, outcome = LrTasks.pcall(function()
        return catalog:withWriteAccessDo(title, work, { timeout = PATIENCE })
    end)
    if not ok then return false, "Lightroom refused the change: " .. tostring(outcome) end
    if outcome == "executed" then return true end
    return false, string.format(
        "the catalog was busy for %d seconds and nothing was changed. Pull again when Lightroom is idle.", PATIENCE)
end

-- Shelves: keywords and collections ---------------------------------------------------------------

local SEPARATOR = "\1"

local function words(keyword)
    local levels = {}
    for level in string.gmatch(tostring(keyword), "[^|]+") do
        levels[#levels + 1] = (string.gsub(level, "[,;]", " "))
    end
    return levels
end

--- Adds every beginning of a path of names to `levels[depth]`, once.
local function collect(levels, kind, names)
    local parent
    for depth, name in ipairs(names) do
        local id = (parent or kind) .. SEPARATOR .. name
        levels[depth] = levels[depth] or {}
        if not levels[depth][id] then
            levels[depth][id] = { name = name, parent = parent, kind = kind, leaf = depth == #names }
        end
        parent = id
    end
    return parent
end

local function make(catalog, wanted, parent)
    if wanted.kind == "keyword" then return catalog:createKeyword(wanted.name, {}, true, parent, true) end
    if wanted.leaf then return catalog:createCollection(wanted.name, parent, true) end
    return catalog:createCollectionSet(wanted.name, parent, true)
end

--- The keywords and collections that these steps need, made level by level: a gate for each level, because
--- a parent can be used only after its own gate. Returns the objects by id, or nil and why.
function Write.shelves(catalog, steps)
    local levels, made = {}, {}
    for _, step in ipairs(steps) do
        step.keywords = {}
        for index, keyword in ipairs(step.delivery.keywords or {}) do
            step.keywords[index] = collect(levels, "keyword", words(keyword))
        end
        step.collection = collect(levels, "collection", step.delivery.collection or {})
    end
    for _, level in ipairs(levels) do
        local ok, why = gate(catalog, "Studio: keywords and collections", function()
            for id, wanted in pairs(level) do
                -- what cannot be made (its name is taken, or is none) is left out, with all below it
                local parent = wanted.parent and made[wanted.parent]
                if parent or not wanted.parent then
                    local done, thing = LrTasks.pcall(function() return make(catalog, wanted, parent) end)
                    made[id] = done and thing or nil
                end
            end
        end)
        if not ok then return nil, why end
    end
    return made
end

-- Photos ------------------------------------------------------------------------------------------

local function add(catalog, step)
    if step.parent then return catalog:addPhoto(step.path, step.parent, "above") end
    return catalog:addPhoto(step.path)
end

--- Adds the masters of these steps. One that Lightroom refuses does not stop the others: it gets a `fault`.
function Write.photos(catalog, steps)
    return gate(catalog, "Studio: add approved pictures", function()
        for _, step in ipairs(steps) do
            local ok, result = LrTasks.pcall(function() return add(catalog, step) end)
            if ok and result then
                step.photo = result
            else
                step.fault = "Lightroom refused the file: " .. tostring(result)
            end
        end
    end)
end

--- At most `LONGEST` bytes, cut between two characters.
local function short(text)
    text = tostring(text or "")
    if #text <= LONGEST then return text end
    local last = LONGEST
    while last > 0 and string.byte(text, last + 1) >= 0x80 and string.byte(text, last + 1) < 0xC0 do
        last = last - 1
    end
    return string.sub(text, 1, last)
end

local function resemblance(judged)
    if type(judged) ~= "table" then return nil end
    local sentence = tostring(judged.sentence or "")
    if type(judged.distance) ~= "number" or type(judged.limit) ~= "number" then return short(sentence) end
    return short(string.format("%.3f of at most %.3f. %s", judged.distance, judged.limit, sentence))
end

local function fields(photo, delivery)
    local values = {
        { "studioKind", (delivery.kind == "capture" or delivery.kind == "generated") and delivery.kind or "ai" },
        { "studioContext", short(delivery.context_title or delivery.context) },
        { "studioBase", short(delivery.base) },
        { "studioResemblance", resemblance(delivery.resemblance) },
        { "studioConsentUntil", short(delivery.consent_until) },
        -- the fingerprint comes last: a picture that carries it is complete
        { "studioSha256", delivery.sha256 },
    }
    for _, field in ipairs(values) do
        photo:setPropertyForPlugin(_PLUGIN, field[1], field[2])
    end
end

--- Rating, label and caption. In a picture that was there before us, what is set already stays.
local function labels(photo, delivery, fresh)
    local rating = tonumber(delivery.rating) or 0
    if rating >= 1 and rating <= 5 and (fresh or not photo:getRawMetadata("rating")) then
        photo:setRawMetadata("rating", rating)
    end
    local label = photo:getRawMetadata("colorNameForLabel")
    if LABELS[delivery.label] and (fresh or not label or label == "none" or label == "grey") then
        photo:setRawMetadata("colorNameForLabel", delivery.label)
    end
    local caption = delivery.caption
    if type(caption) ~= "string" or caption == "" then
        caption = "AI composite. " .. tostring(delivery.context_title or "")
    end
    if fresh or (photo:getFormattedMetadata("caption") or "") == "" then photo:setRawMetadata("caption", caption) end
end

local function describe(step, made)
    labels(step.photo, step.delivery, step.action ~= "mark")
    local missing = step.collection and not made[step.collection]
    for _, id in ipairs(step.keywords) do
        if made[id] then step.photo:addKeyword(made[id]) else missing = true end
    end
    if step.collection and made[step.collection] then made[step.collection]:addPhotos({ step.photo }) end
    if missing then step.sentence = step.sentence .. "; one of its keywords or its collection could not be made" end
    fields(step.photo, step.delivery)
end

--- Writes what the studio knows about these steps' photos.
function Write.descriptions(catalog, steps, made)
    return gate(catalog, "Studio: describe approved pictures", function()
        for _, step in ipairs(steps) do
            local ok, why = LrTasks.pcall(function() describe(step, made) end)
            if not ok then step.fault = "Lightroom refused its fields: " .. tostring(why) end
        end
    end)
end

return Write
