-- The plug-in's panel in the Plug-in Manager: address, key, and a button that tries both.

local LrTasks = import "LrTasks"
local LrView = import "LrView"

local Api = require "Api"
local Settings = require "Settings"

local bind = LrView.bind

local function keep(properties)
    Settings.setServer(properties.server)
    Settings.setKey(properties.key)
end

local function test(properties)
    keep(properties)
    properties.status = "Asking the server..."
    LrTasks.startAsyncTask(function()
        local answer = Api.hello()
        if answer.ok then
            properties.status = string.format("Connected to Studio Server %s with the key “%s”.",
                tostring(answer.data.version), tostring(answer.data.key))
        else
            properties.status = answer.sentence
        end
    end)
end

local function row(view, title, field)
    return view:row({ view:static_text({ title = title, width_in_chars = 12 }), field })
end

local function sectionsForTopOfDialog(view, properties)
    properties.server = Settings.server()
    properties.key = Settings.key()
    properties.status = ""
    local address = view:edit_field({ value = bind("server"), width_in_chars = 40, immediate = true })
    local key = view:password_field({ value = bind("key"), width_in_chars = 40, immediate = true })
    local try = view:push_button({ title = "Test", action = function() test(properties) end })
    return {
        {
            title = "Studio Server",
            bind_to_object = properties,
            row(view, "Address", address),
            row(view, "Key", key),
            row(view, "", try),
            view:row({ view:static_text({ title = bind("status"), width_in_chars = 60, height_in_lines = 3 }) }),
        },
    }
end

return {
    sectionsForTopOfDialog = sectionsForTopOfDialog,
    endDialog = keep,
}
