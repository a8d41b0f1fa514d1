-- Masters on this computer's disk: what is there, and what has to be fetched. Never overwrites a file.

local LrFileUtils = import "LrFileUtils"
local LrPathUtils = import "LrPathUtils"

local Api = require "Api"
local Paths = require "Paths"

local Files = {}

local NAMES = 50

local function size(path)
    if LrFileUtils.exists(path) ~= "file" then return nil end
    local attributes = LrFileUtils.fileAttributes(path)
    return attributes and attributes.fileSize
end

--- Whether the master itself lies at this path, as far as its size tells.
function Files.holds(path, delivery)
    return path ~= "" and size(path) == delivery.size
end

--- Where a master without a RAW goes: the folder that its RAW came from, else one of our own under Pictures.
function Files.folder(delivery)
    local folder = Paths.folder(delivery.parent.path or "")
    if folder ~= "" and LrFileUtils.exists(folder) == "directory" then return folder end
    local pictures = LrPathUtils.getStandardFilePath("pictures")
    if not pictures then return nil end
    local client = type(delivery.collection) == "table" and delivery.collection[2] or ""
    client = string.gsub(tostring(client), '[/\\:*?"<>|%c]', "_")
    client = string.gsub(client, "^[%s.]+", "")
    client = string.gsub(client, "[%s.]+$", "")
    if client == "" then client = "Client" end
    return LrPathUtils.child(LrPathUtils.child(pictures, "Studio Server"), client)
end

--- The first path, numbered if need be, that is free or holds this master already.
local function free(path, delivery)
    local folder, stem = Paths.folder(path), Paths.stem(path)
    local suffix = string.sub(Paths.leaf(path), #stem + 1)
    for number = 1, NAMES do
        local candidate = number == 1 and path or Paths.join(folder, stem .. "-" .. number .. suffix)
        local found = LrFileUtils.exists(candidate)
        if not found then return candidate, false end
        if Files.holds(candidate, delivery) then return candidate, true end
    end
    return nil
end

--- Plain Lua may not open a path with accents on every system; Lightroom's own functions do. So the bytes
--- go beside the RAW if that works, else through the folder for temporary files.
local function write(path, bytes)
    local function put(where)
        local file = io.open(where, "wb")
        if not file then return false end
        local written = file:write(bytes)
        return file:close() and written and size(where) == #bytes
    end
    if put(path) then return true end
    if LrFileUtils.exists(path) then LrFileUtils.delete(path) end
    local aside = LrPathUtils.child(LrPathUtils.getStandardFilePath("temp"), "studio-master.part")
    local done = put(aside) and LrFileUtils.copy(aside, path)
    if LrFileUtils.exists(aside) then LrFileUtils.delete(aside) end
    return done and size(path) == #bytes
end

local function fetch(path, delivery)
    local folder = Paths.folder(path)
    if LrFileUtils.exists(folder) ~= "directory" then LrFileUtils.createAllDirectories(folder) end
    local answer = Api.master(delivery)
    if not answer.ok then return nil, answer.sentence, answer.kind end
    local part = Paths.join(folder, "." .. Paths.leaf(path) .. ".part")
    if LrFileUtils.exists(part) then LrFileUtils.delete(part) end
    local whole = write(part, answer.body)
    if whole and not LrFileUtils.exists(path) and LrFileUtils.move(part, path) then return path end
    if LrFileUtils.exists(part) then LrFileUtils.delete(part) end
    return nil, string.format("it could not be written to %s; is there room, and may Lightroom write there?", folder)
end

--- Makes sure that the step's master lies on the disk. Returns its path; or nil, why, and the kind of failure.
function Files.ready(step)
    if not step.fetch then return step.path end
    local path, there = free(step.path, step.delivery)
    if not path then return nil, "its folder holds too many other files of this name" end
    if there then return path end
    return fetch(path, step.delivery)
end

return Files
