-- What is to be done with each delivery, from the server's manifest and what the catalog has. Pure: no SDK.
--
-- A step is {action, delivery, photo, parent, path, fetch, sentence}:
--   stack   add the master above its RAW               (path; fetch: it must be downloaded first)
--   ask     add it without a stack, and say why        (path; fetch)
--   mark    it is in the catalog without our fields: complete them, add nothing   (photo)
--   skip    it is in the catalog and ours: nothing     (photo)
--   refuse  nothing can be done, and why

local Paths = require "Paths"

local Plan = {}

local WHY = {
    none = "its RAW %s was not found in this catalog. It was added without a stack: once the RAW is there, "
        .. "select both and choose Photo > Stacking > Group into Stack.",
    several = "several photos could be its RAW %s. It was added without a stack: select it together with "
        .. "the right one and choose Photo > Stacking > Group into Stack.",
}

local OPTIONAL = {
    laid_path = "string", context = "string", context_title = "string", base = "string", rating = "number",
    label = "string", caption = "string", consent_until = "string", kind = "string", keywords = "table",
    collection = "table", resemblance = "table",
}
local OF_PARENT = { path = "string", name = "string", camera_serial = "string", captured_at = "string" }

local function mistyped(values, types)
    for name, wanted in pairs(types) do
        if values[name] ~= nil and type(values[name]) ~= wanted then
            return string.format("the server sent a delivery whose %s is of another form", name)
        end
    end
    return nil
end

--- What is wrong with a delivery as the server sent it; nil if nothing.
function Plan.fault(delivery)
    if type(delivery) ~= "table" then return "the server sent something that is no delivery" end
    if type(delivery.id) ~= "string" or delivery.id == "" then return "the server sent a delivery without an id" end
    if type(delivery.sha256) ~= "string" or not string.find(delivery.sha256, "^%x+$") then
        return "the server sent a delivery without a fingerprint"
    end
    local name = delivery.file
    if type(name) ~= "string" or name == "" or string.find(name, "[/\\:%c]") or string.find(name, "^%.") then
        return "the server sent a file name that cannot be used"
    end
    if type(delivery.size) ~= "number" then return "the server sent a delivery without a size" end
    if type(delivery.parent) ~= "table" then return "the server sent a delivery without its parent shot" end
    return mistyped(delivery, OPTIONAL) or mistyped(delivery.parent, OF_PARENT)
end

--- Where the master has to lie: beside its RAW as the catalog knows it now, else where the server laid it.
local function place(delivery, facts)
    local laid = delivery.laid_path or ""
    if facts.parent then
        if laid ~= "" and facts.laid and Paths.sameFolder(laid, facts.parent.path) then return laid, false end
        return Paths.join(Paths.folder(facts.parent.path), delivery.file), true
    end
    if laid ~= "" and facts.laid then return laid, false end
    if facts.folder then return Paths.join(facts.folder, delivery.file), true end
    return nil
end

local function adding(delivery, facts)
    local path, fetch = place(delivery, facts)
    local step = { delivery = delivery, path = path, fetch = fetch }
    if not path then
        step.action = "refuse"
        step.sentence = "there is no folder on this computer to put it in"
    elseif facts.parent then
        step.action, step.parent = "stack", facts.parent.photo
        step.sentence = "stacked with " .. Paths.leaf(facts.parent.path)
    else
        step.action = "ask"
        step.sentence = string.format(WHY[facts.why or "none"], delivery.parent.name or "")
    end
    return step
end

--- One step. `facts`:
---   ours    the photo that carries this delivery's fingerprint
---   there   the photo that lies at the master's path and carries no fingerprint
---   parent  {photo, path} of its RAW;  why  "none" or "several" where there is no parent
---   laid    whether the file at laid_path is there;  folder  where to put a master without a RAW
function Plan.step(delivery, facts)
    local fault = Plan.fault(delivery)
    if fault then return { action = "refuse", delivery = delivery, sentence = fault } end
    if facts.ours then
        return { action = "skip", delivery = delivery, photo = facts.ours, sentence = "already in the catalog" }
    end
    if facts.there then
        return {
            action = "mark",
            delivery = delivery,
            photo = facts.there,
            sentence = "was in the catalog already; its fields were completed, its stack was left as it is",
        }
    end
    return adding(delivery, facts)
end

--- The steps for a manifest, in its order; `facts` has one entry for each delivery.
--- A delivery that the server lists twice is one step.
function Plan.of(deliveries, facts)
    local steps, seen = {}, {}
    for index, delivery in ipairs(deliveries) do
        local sha = type(delivery) == "table" and delivery.sha256
        if not sha or not seen[sha] then
            if sha then seen[sha] = true end
            steps[#steps + 1] = Plan.step(delivery, facts[index] or {})
        end
    end
    return steps
end

return Plan
