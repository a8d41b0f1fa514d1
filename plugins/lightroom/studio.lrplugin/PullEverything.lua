-- Library > Plug-in Extras > Pull everything again: from the beginning. What the catalog has stays as it is.

local LrFunctionContext = import "LrFunctionContext"

local Pull = require "Pull"

LrFunctionContext.postAsyncTaskWithContext("studio-pull", function(context) Pull.run(context, true) end)
