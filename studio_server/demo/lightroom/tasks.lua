-- Tasks as Lightroom has them: coroutines that take turns, and calls that yield. Lua 5.1 cannot yield across
-- pcall, table.sort or an iterator written in C, and here it is left so.

local Tasks = { now = 0, longest = 0, failures = {} }

local queue = {}
local running -- the task whose turn it is; nested coroutines belong to it

function Tasks.start(work, name)
    queue[#queue + 1] = { thread = coroutine.create(work), name = name or "task" }
end

function Tasks.current() return running end

function Tasks.canYield() return running ~= nil and coroutine.running() ~= nil end

--- Gives the turn away, as every slow call of the SDK does.
function Tasks.pause(call)
    if not running then error(call .. " can be called inside a task only (LrTasks.startAsyncTask)", 3) end
    coroutine.yield()
end

--- A pcall across which tasks may yield: LrTasks.pcall.
function Tasks.pcall(work, ...)
    local thread = coroutine.create(work)
    local results = { n = 0 }
    local function keep(...) results = { n = select("#", ...), ... } end
    keep(coroutine.resume(thread, ...))
    while results[1] and coroutine.status(thread) ~= "dead" do
        coroutine.yield()
        keep(coroutine.resume(thread))
    end
    return unpack(results, 1, results.n)
end

--- Lets all tasks run to their ends.
function Tasks.run()
    while #queue > 0 do
        running = table.remove(queue, 1)
        local began = os.clock()
        local ok, why = coroutine.resume(running.thread)
        Tasks.longest = math.max(Tasks.longest, os.clock() - began)
        if not ok then
            Tasks.failures[#Tasks.failures + 1] = running.name .. ": " .. tostring(why)
        elseif coroutine.status(running.thread) ~= "dead" then
            queue[#queue + 1] = running
        end
        running = nil
    end
end

return Tasks
