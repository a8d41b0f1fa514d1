-- Lightroom runs Lua 5.1 with these names of its own, and without these of Lua's.
std = "lua51"
read_globals = { "import", "_PLUGIN", "LOC" }
not_globals = { "collectgarbage", "coroutine", "debug", "dofile", "load", "loadfile", "loadstring", "module",
    "newproxy", "package", "print", "getfenv", "setfenv" }
max_line_length = 120
