-- Write gates: one at a time, none inside another, and "aborted" where the catalog stays busy.

local ask, Tasks = ...

local Gates = { current = nil } -- {number, task} while one is open

local count = 0

--- Whether the running task holds the gate.
function Gates.mine()
    return Gates.current ~= nil and Gates.current.task == Tasks.current()
end

local function busy(timeout)
    if not ask("catalog.busy") then return nil end
    if type(timeout) ~= "table" or type(timeout.timeout) ~= "number" then
        error("the catalog is busy, and no timeoutParams were given", 3)
    end
    if type(timeout.callback) == "function" then timeout.callback() end
    Tasks.now = Tasks.now + timeout.timeout
    return "aborted"
end

function Gates.enter(call, work, timeout)
    Tasks.pause(call)
    if type(work) ~= "function" then error(call .. " needs a function", 3) end
    if type(timeout) == "table" and timeout.asynchronous then error("asynchronous gates are not simulated", 3) end
    if Gates.mine() then error(call .. " inside another gate: gates cannot be nested", 3) end
    local answer = busy(timeout)
    if answer then return answer end
    while Gates.current do
        if type(timeout) ~= "table" then error("another task holds the catalog, and no timeoutParams were given", 3) end
        coroutine.yield()
    end
    count = count + 1
    Gates.current = { number = count, task = Tasks.current() }
    local ok, why = Tasks.pcall(work, {})
    Gates.current = nil
    if not ok then error(why, 0) end
    return "executed"
end

return Gates
