-- A pull, from the manifest to the report. Made to be run twice: the second time changes nothing.
-- 1. ask the server   2. look into the catalog   3. plan   4. per batch: fetch, add, describe, acknowledge

local LrApplication = import "LrApplication"
local LrDialogs = import "LrDialogs"
local LrProgressScope = import "LrProgressScope"
local LrTasks = import "LrTasks"

local Api = require "Api"
local Catalog = require "Catalog"
local Files = require "Files"
local Log = require "Log"
local Plan = require "Plan"
local Report = require "Report"
local Settings = require "Settings"
local Write = require "Write"

local Pull = {}

local BATCH = 20 -- pictures to a gate: short enough not to hold the catalog up

local function refuse(step, sentence)
    step.action, step.sentence = "refuse", sentence
end

--- Brings the step's file to the disk; a step whose path is in the catalog by now is completed, not added.
local function fetch(catalog, step)
    if step.action ~= "stack" and step.action ~= "ask" then return end
    local path, why, kind = Files.ready(step)
    if kind == "gone" then
        step.action, step.sentence = "gone", why
    elseif not path then
        refuse(step, why)
    else
        step.path = path
        local there = Catalog.at(catalog, path)
        if there then step.action, step.photo = "mark", there end
    end
end

local function those(steps, ...)
    local kept = {}
    for _, step in ipairs(steps) do
        for index = 1, select("#", ...) do
            if step.action == select(index, ...) then kept[#kept + 1] = step end
        end
    end
    return kept
end

local function refuseAll(steps, why)
    for _, step in ipairs(steps) do refuse(step, why) end
end

local function faults(steps)
    for _, step in ipairs(steps) do
        if step.fault then refuse(step, step.fault) end
    end
end

--- Adds and describes the pictures of a batch.
local function apply(catalog, batch)
    local changing = those(batch, "stack", "ask", "mark")
    if #changing == 0 then return end
    local made, why = Write.shelves(catalog, changing)
    if not made then return refuseAll(changing, why) end
    local adding = those(changing, "stack", "ask")
    if #adding > 0 then
        local ok, reason = Write.photos(catalog, adding)
        if not ok then return refuseAll(changing, reason) end
        faults(adding)
    end
    local described, reason = Write.descriptions(catalog, those(changing, "stack", "ask", "mark"), made)
    if not described then return refuseAll(changing, reason) end
    faults(changing)
end

--- Tells the server where each picture lies. A server that went away is asked again at the next pull.
local function acknowledge(batch)
    local settled = true
    for _, step in ipairs(batch) do
        if step.action == "refuse" then
            settled = false
        elseif step.action ~= "gone" then
            local answer = Api.acknowledge(step.delivery, step.photo:getRawMetadata("path"))
            if not answer.ok and answer.kind ~= "gone" then
                settled = false
                Log.warn("not acknowledged: " .. step.delivery.file .. " - " .. answer.sentence)
            end
        end
    end
    return settled
end

--- The next steps, with their files on the disk. Fewer, or none, if it was to stop.
local function gather(catalog, steps, first, scope)
    local batch = {}
    for index = first, math.min(first + BATCH - 1, #steps) do
        if scope:isCanceled() then break end
        fetch(catalog, steps[index])
        batch[#batch + 1] = steps[index]
        scope:setPortionComplete(index - 0.5, #steps)
        LrTasks.yield()
    end
    return batch
end

--- Works through the steps. Returns those that were done, and whether all of them are settled.
local function work(catalog, steps, scope)
    local done, settled = {}, true
    while #done < #steps and not scope:isCanceled() do
        local batch = gather(catalog, steps, #done + 1, scope)
        apply(catalog, batch)
        settled = acknowledge(batch) and settled
        for _, step in ipairs(batch) do done[#done + 1] = step end
        scope:setPortionComplete(#done, #steps)
    end
    return done, settled and #done == #steps
end

local function tell(steps, cancelled)
    for _, line in ipairs(Report.lines(steps)) do Log.info("picture " .. line) end
    local summary = Report.summary(steps)
    if cancelled then summary = summary .. " You stopped it; the rest comes with the next pull." end
    Log.info("pull " .. summary)
    LrDialogs.message("Studio Server: " .. summary, Report.details(steps), "info")
end

local running = false

--- Whether this pull may begin; two at once would fetch the same files.
local function alone(context)
    if running then
        LrDialogs.message("Studio Server: a pull is running already", "Its progress is shown at the top left.", "info")
        return false
    end
    running = true
    context:addCleanupHandler(function() running = false end)
    return true
end

--- One pull. `everything`: from the beginning, not only what is new to this catalog.
function Pull.run(context, everything)
    LrDialogs.attachErrorDialogToFunctionContext(context)
    if not alone(context) then return end
    local catalog = LrApplication.activeCatalog()
    local scope = LrProgressScope({ title = "Studio Server: pulling approved pictures", functionContext = context })
    scope:setCancelable(true)
    local place = catalog:getPath()
    local manifest = Api.deliveries(everything and "" or Settings.cursor(place))
    if not manifest.ok then
        scope:done()
        Log.warn("pull failed: " .. manifest.sentence)
        LrDialogs.message("Studio Server: nothing was pulled", manifest.sentence, "warning")
        return
    end
    scope:setCaption("Looking for the photographs that they came from")
    local facts = Catalog.facts(catalog, manifest.deliveries, function() return not scope:isCanceled() end)
    local steps = facts and Plan.of(manifest.deliveries, facts) or {}
    scope:setCaption("")
    local done, settled = work(catalog, steps, scope)
    if facts and settled then Settings.setCursor(place, manifest.cursor) end
    scope:done()
    tell(done, not facts or #done < #steps)
end

return Pull
