-- One log file for the plug-in: LrClassicLogs/StudioServer.log. A logger is silent until it is enabled.

local LrLogger = import "LrLogger"

local logger = LrLogger("StudioServer")
logger:enable("logfile")

local Log = {}

function Log.info(text) logger:info(text) end

function Log.warn(text) logger:warn(text) end

return Log
