-- Library > Plug-in Extras > Pull approved pictures: what is new since this catalog's last pull.

local LrFunctionContext = import "LrFunctionContext"

local Pull = require "Pull"

LrFunctionContext.postAsyncTaskWithContext("studio-pull", function(context) Pull.run(context, false) end)
