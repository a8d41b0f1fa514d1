-- Paths as text: the server's and the catalog's may come from different systems. Where a path begins with
-- "/", a backslash is a character like others; everywhere else both part the names. Pure: no SDK.

local Paths = {}

local function slashes(path)
    return string.sub(path, 1, 1) == "/" and "/" or "/\\"
end

--- The folder of a path, with its last slash kept off; "" for a bare name. "C:\a" lies in "C:", "/a" in "/".
function Paths.folder(path)
    local marks = slashes(path)
    local folder = string.match(path, "^(.*)[" .. marks .. "][^" .. marks .. "]*$")
    if folder == nil then return "" end
    if folder == "" then return string.sub(path, 1, 1) end
    return folder
end

function Paths.leaf(path)
    return string.match(path, "[^" .. slashes(path) .. "]*$")
end

function Paths.stem(path)
    local leaf = Paths.leaf(path)
    return string.match(leaf, "^(.+)%.[^.]*$") or leaf
end

--- The suffix in lower case, without its dot; "" where there is none.
function Paths.suffix(path)
    return string.lower(string.match(Paths.leaf(path), "^.+%.([^.]*)$") or "")
end

--- A name inside a folder, parted as that folder's own path is.
function Paths.join(folder, name)
    if string.find(folder, "[" .. slashes(folder) .. "]$") then return folder .. name end
    local windows = string.find(folder, "^%a:$") or string.find(folder, "\\", 1, true)
    return folder .. (slashes(folder) ~= "/" and windows and "\\" or "/") .. name
end

--- One spelling for comparing: slashes alike, no double or last ones, ASCII letters in lower case.
function Paths.plain(path)
    local plain = string.lower(path)
    if slashes(path) ~= "/" then plain = string.gsub(plain, "\\", "/") end
    plain = string.gsub(plain, "(.)//+", "%1/") -- a UNC path keeps its first two
    if #plain > 1 then plain = string.gsub(plain, "/+$", "") end
    return plain
end

function Paths.sameFolder(one, other)
    return Paths.plain(Paths.folder(one)) == Paths.plain(Paths.folder(other))
end

return Paths
