-- What a pull did, one line for each picture, in words. Pure: no SDK.

local Report = {}

local WORDS = { stack = "stacked", ask = "added", mark = "completed", skip = "unchanged", gone = "erased",
    refuse = "refused" }
local ORDER = { "stack", "ask", "mark", "skip", "gone", "refuse" }
local SHOWN = 20

function Report.line(step)
    local name = type(step.delivery) == "table" and step.delivery.file or "(no name)"
    return string.format("%s: %s - %s", WORDS[step.action], tostring(name), step.sentence or "")
end

function Report.lines(steps)
    local lines = {}
    for index, step in ipairs(steps) do lines[index] = Report.line(step) end
    return lines
end

--- "3 stacked, 1 refused", or that there was nothing.
function Report.summary(steps)
    local counts, parts = {}, {}
    for _, step in ipairs(steps) do counts[step.action] = (counts[step.action] or 0) + 1 end
    for _, action in ipairs(ORDER) do
        if counts[action] then parts[#parts + 1] = counts[action] .. " " .. WORDS[action] end
    end
    if #parts == 0 then return "There is nothing to do." end
    return table.concat(parts, ", ") .. "."
end

--- The lines that a person needs to see: all but the unchanged, and not too many.
function Report.details(steps)
    local lines, more = {}, 0
    for _, step in ipairs(steps) do
        if step.action ~= "skip" then
            if #lines < SHOWN then lines[#lines + 1] = Report.line(step) else more = more + 1 end
        end
    end
    if more > 0 then lines[#lines + 1] = string.format("... and %d more: see the log file.", more) end
    return table.concat(lines, "\n")
end

return Report
