"""The simulated Lightroom refuses what the real one does not offer: each rule is shown to bite."""

import textwrap

import pytest
from lupa.lua51 import LuaError
from studio_of_tests import master

from studio_server.demo.lightroom.runner import Lightroom, PluginFailed, machine_for

INFO = """
return {
    LrToolkitIdentifier = "test.plugin", LrPluginName = LOC "$$$/Test/Name=Test",
    LrMetadataProvider = "Metadata.lua",
}
"""

METADATA = """
return { metadataFieldsForPhotos = {
    { id = "note", dataType = "string", searchable = true },
    { id = "kind", dataType = "enum", values = { { value = "ai", title = "AI" } } },
} }
"""

TASK = """
local LrTasks = import "LrTasks"
local catalog = import("LrApplication").activeCatalog()
local function gate(work, options)
    return catalog:withWriteAccessDo("Test", work, options or {{ timeout = 1 }})
end
local function word(name, parent) return catalog:createKeyword(name, {{}}, true, parent, true) end
local function shelf(name, parent) return catalog:createCollection(name, parent, true) end
LrTasks.startAsyncTask(function()
    local photo = catalog:findPhotoByPath("{photo}")
{body}
end)
"""


@pytest.fixture
def lightroom(tmp_path, catalog, raw):
    """A function that runs a plug-in of one file in a catalog with one photo and one picture to add."""
    folder = tmp_path / "test.lrplugin"
    folder.mkdir()
    (folder / "Info.lua").write_text(INFO)
    (folder / "Metadata.lua").write_text(METADATA)
    photo = raw()
    (photo.parent / "new.jpg").write_bytes(master("red"))
    (photo.parent / "text.jpg").write_text("no picture")
    (photo.parent.parent / "elsewhere.jpg").write_bytes(master("red"))

    def run(source):
        (folder / "Menu.lua").write_text(source)
        machine = machine_for("http://127.0.0.1:1", "", catalog, folder, tmp_path / "home")
        lightroom = Lightroom(machine)
        lightroom.run("Menu.lua")
        return machine

    run.folder, run.photo = folder, photo
    return run


@pytest.fixture
def in_task(lightroom):
    """A function that runs some lines inside a task; `photo` is the catalog's photo."""

    def run(body, **names):
        body = body.replace("<folder>", str(lightroom.photo.parent))
        return lightroom(TASK.format(photo=lightroom.photo, body=textwrap.indent(body, "    "), **names))

    return run


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('import "LrMagic"', "LrMagic is not a namespace of the SDK"),
        ('import("LrFileUtils").isDirectory("/x")', "LrFileUtils.isDirectory is not in the SDK"),
        ('import("LrFileUtils").extension("/x.y")', "LrFileUtils.extension is not in the SDK"),
        ("catalog:addPicture('/x')", "LrCatalog.addPicture is not in the SDK"),
        ("photo:setRating(3)", "LrPhoto.setRating is not in the SDK"),
        ("photo.rating = 3", "LrPhoto.rating cannot be written"),
        ("photo:getRawMetadata('stars')", "Unknown key: 'stars'"),
        ("photo:getFormattedMetadata('stars')", "Unknown key: 'stars'"),
        ("catalog:batchGetRawMetadata({photo}, {'path', 'stars'})", "Unknown key: 'stars'"),
        ("photo:getPropertyForPlugin(_PLUGIN, 'other')", "'other' is not declared"),
        ("undefined_name()", "there is no global name undefined_name"),
        ("leaked = 1", "a global name is written: leaked"),
    ],
)
def test_an_unknown_namespace_function_key_or_name_raises(in_task, line, sentence):
    with pytest.raises(PluginFailed, match=sentence):
        in_task(line)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("photo:setRawMetadata('stars', 3)", "unknown metadata key 'stars'"),
        ("photo:setRawMetadata('rating', 0)", "a rating is nil or 1 to 5, not 0"),
        ("photo:setRawMetadata('colorNameForLabel', 'Rot')", "Rot is not a colour name"),
        ("photo:setPropertyForPlugin(_PLUGIN, 'other', 'x')", "'other' is not declared"),
        ("photo:setPropertyForPlugin(_PLUGIN, 'note', {})", "takes nil, a number, a text or a boolean"),
        ("photo:setPropertyForPlugin(_PLUGIN, 'note', ('x'):rep(512))", "takes 511 bytes"),
        ("photo:setPropertyForPlugin(_PLUGIN, 'kind', 'magic')", "'magic' is not among the values"),
        ("catalog:addPhoto('<folder>/missing.jpg')", "cannot be read"),
        ("catalog:addPhoto('<folder>/text.jpg')", "cannot be read"),
        ("catalog:addPhoto('<folder>/new.jpg', photo, 'beside')", "position is 'above' or 'below'"),
        ("catalog:addPhoto('<folder>/../elsewhere.jpg', photo)", "only photos of one folder can be stacked"),
        ("catalog:createKeyword('a, b', {}, true, nil, true)", "is not a keyword"),
        ("import('LrHttp').get('http://127.0.0.1:1/')", "LrHttp.get inside a gate"),
    ],
)
def test_a_write_that_lightroom_would_not_take_raises(in_task, line, sentence):
    with pytest.raises(PluginFailed, match=sentence):
        in_task(f"gate(function() {line} end)")


@pytest.mark.parametrize(
    "line",
    [
        "photo:setRawMetadata('rating', 3)",
        "photo:setPropertyForPlugin(_PLUGIN, 'note', 'x')",
        "catalog:addPhoto('<folder>/new.jpg')",
        "catalog:createKeyword('Studio', {}, true, nil, true)",
        "catalog:createCollection('Studio', nil, true)",
        "catalog:createCollectionSet('Studio', nil, true)",
    ],
)
def test_a_write_outside_a_gate_raises(in_task, catalog, line):
    with pytest.raises(PluginFailed, match="inside a write gate only"):
        in_task(line)
    assert catalog.changes == 0


@pytest.mark.parametrize(
    "lines",
    [
        "photo:addKeyword(word('Studio'))",
        "word('Library', word('Studio'))",
        "shelf('A', catalog:createCollectionSet('Studio', nil, true))",
        "shelf('Studio'):addPhotos({photo})",
        "local new = catalog:addPhoto('<folder>/new.jpg'); new:setRawMetadata('rating', 3)",
    ],
)
def test_what_was_made_in_a_gate_cannot_be_used_in_it(in_task, lines):
    with pytest.raises(PluginFailed, match="cannot be used before the gate has returned"):
        in_task(f"gate(function() {lines} end)")


def test_what_was_made_in_a_gate_can_be_used_in_the_next(in_task, catalog, lightroom):
    in_task("""
local word
gate(function() word = catalog:createKeyword('Studio', {}, true, nil, true) end)
gate(function() photo:addKeyword(word) end)""")
    assert catalog.keyword_paths(catalog.at(lightroom.photo)) == {"Studio"}


def test_a_gate_inside_a_gate_raises(in_task):
    with pytest.raises(PluginFailed, match="gates cannot be nested"):
        in_task("gate(function() gate(function() end) end)")


def test_a_busy_catalog_without_a_timeout_is_an_error(in_task, catalog):
    catalog.busy = [True]
    with pytest.raises(PluginFailed, match="the catalog is busy, and no timeoutParams were given"):
        in_task("catalog:withWriteAccessDo('Test', function() end)")


def test_a_busy_catalog_with_a_timeout_answers_aborted(in_task, catalog):
    catalog.busy = [True, False]
    in_task("""
assert(gate(function() error("this must not run") end, { timeout = 5 }) == "aborted")
assert(gate(function() end) == "executed")""")


def test_two_tasks_wait_for_each_others_gates(in_task, catalog, lightroom):
    in_task("""
for stars = 1, 2 do
    LrTasks.startAsyncTask(function()
        gate(function() LrTasks.yield(); photo:setRawMetadata('rating', stars) end)
    end)
end""")
    assert catalog.changes == 2


@pytest.mark.parametrize(
    "lines",
    [
        "local ok, why = pcall(function() LrTasks.sleep(1) end); if not ok then error(why, 0) end",
        "local ok, why = pcall(photo.getRawMetadata, photo, 'path'); if not ok then error(why, 0) end",
        "table.sort({2, 1, 3}, function(a, b) LrTasks.yield(); return a < b end)",
        "for _ in function() LrTasks.yield() end do end",
        "local lazy = setmetatable({}, {__index = function() LrTasks.yield() end}); local _ = lazy.x",
        "string.gsub('abc', '.', function() LrTasks.yield() end)",
    ],
)
def test_a_yield_across_a_boundary_of_lua_5_1_raises(in_task, lines):
    with pytest.raises(PluginFailed, match="attempt to yield across metamethod/C-call boundary"):
        in_task(lines)


def test_lightrooms_own_pcall_lets_tasks_yield(in_task):
    in_task("""
local ok, path, nothing, last = LrTasks.pcall(function()
    LrTasks.yield()
    return photo:getRawMetadata('path'), nil, 3
end)
assert(ok and path == photo:getRawMetadata('path') and nothing == nil and last == 3)
local failed, why = LrTasks.pcall(function() LrTasks.sleep(1); error("told", 0) end)
assert(failed == false and why == "told")""")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('import("LrHttp").get("http://127.0.0.1:1/")', "inside a task only"),
        ('import("LrTasks").sleep(1)', "inside a task only"),
        ('import("LrTasks").pcall(function() end)', "inside a task only"),
        ('import("LrApplication").activeCatalog():findPhotoByPath("/x")', "inside a task only"),
        ('os.execute("ls")', "os.execute is not in the SDK"),
        ('os.getenv("HOME")', "os.getenv is not in the SDK"),
        ('io.popen("ls")', "io.popen is not in the SDK"),
        ("collectgarbage()", "there is no global name collectgarbage"),
        ("package.loaded.x = 1", "there is no global name package"),
        ("debug.traceback()", "there is no global name debug"),
        ('loadfile("x")', "there is no global name loadfile"),
        ('dofile("x")', "there is no global name dofile"),
        ("coroutine.yield()", "there is no global name coroutine"),
        ("python.eval('1')", "there is no global name python"),
        ('require "../secret"', "is not a file of the plug-in"),
        ("goto done ::done::", "'=' expected|unexpected symbol|syntax error"),
        ("local x = 7 // 2", "unexpected symbol"),
        ('local x = table.unpack({1}); error("unreachable")', "attempt to call field 'unpack'"),
    ],
)
def test_what_plug_ins_cannot_do_raises(lightroom, line, sentence):
    with pytest.raises((LuaError, PluginFailed), match=sentence):
        lightroom(line)


def test_post_takes_a_number_as_its_fifth_argument(in_task):
    with pytest.raises(PluginFailed, match="the fifth is a timeout"):
        in_task("import('LrHttp').post('http://127.0.0.1:1/', 'x', {}, 'POST', 'application/json')")


def test_info_may_not_import(lightroom):
    (lightroom.folder / "Info.lua").write_text("local LrTasks = import 'LrTasks' return {}")
    with pytest.raises(LuaError, match="import"):
        lightroom("")
