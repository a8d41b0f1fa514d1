"""The plug-in as a package: every file parses, what Info.lua names is there, and the settings panel works."""

import shutil
import subprocess

import pytest
from lupa.lua51 import LuaRuntime
from studio_of_tests import KEY, hang_up

from studio_server.demo.lightroom import Catalog
from studio_server.demo.lightroom.runner import KEY_NAME, Lightroom, machine_for


@pytest.fixture
def info(plugin):
    """Info.lua as Lightroom evaluates it: without import and require."""
    lua = LuaRuntime(register_eval=False, register_builtins=False)
    lua.globals()["LOC"] = lambda text: text.partition("=")[2]
    for name in ("import", "require", "io", "os"):
        lua.globals()[name] = None
    return lua.execute((plugin / "Info.lua").read_text())


def test_every_file_parses_under_lua_5_1(plugin):
    lua = LuaRuntime()
    files = sorted(plugin.glob("*.lua"))
    assert len(files) > 10
    for file in files:
        result = lua.globals().loadstring(file.read_text(), f"@{file.name}")
        assert not isinstance(result, tuple), result


def test_info_is_evaluated_without_import_and_every_file_that_it_names_exists(plugin, info):
    assert float(info["LrSdkMinimumVersion"]) == 6.0
    assert info["LrToolkitIdentifier"] == "com.studioserver.lightroom"
    named = [info["LrPluginInfoProvider"], info["LrMetadataProvider"]]
    named += [item["file"] for item in info["LrLibraryMenuItems"].values()]
    assert len(named) == 4
    for name in named:
        assert (plugin / name).is_file()


def test_every_module_that_is_required_exists(plugin):
    for file in plugin.glob("*.lua"):
        for line in file.read_text().splitlines():
            if "= require " in line:
                name = line.split('"')[1]
                assert (plugin / f"{name}.lua").is_file(), f"{file.name}: {line}"


def test_the_fields_are_declared_as_lightroom_wants_them(plugin, tmp_path):
    machine = machine_for("http://127.0.0.1:1", KEY, Catalog(), plugin, tmp_path)
    Lightroom(machine)
    assert set(machine.fields) == {
        "studioSha256",
        "studioKind",
        "studioContext",
        "studioBase",
        "studioResemblance",
        "studioConsentUntil",
    }
    assert machine.fields["studioKind"].values == {"ai", "generated", "capture"}


def test_luacheck_finds_nothing(plugin):
    luacheck = shutil.which("luacheck")
    if luacheck is None:
        pytest.skip("luacheck is not installed (Debian: lua-check)")
    command = [luacheck, "--no-color", "--config", plugin.parent / ".luacheckrc", plugin]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def controls(item):
    """Every control of a panel, depth first."""
    options = item["options"] or {}
    yield item["kind"], options
    for child in [value for value in options.values() if getattr(value, "values", None)]:
        if child["kind"]:
            yield from controls(child)


@pytest.fixture
def panel(machine):
    """The plug-in's panel as the Plug-in Manager opens it: (properties, its controls, the provider)."""
    lightroom = Lightroom(machine)
    provider = lightroom.sdk["run"]("PluginInfo.lua")
    properties = lightroom.lua.table()
    (section,) = provider["sectionsForTopOfDialog"](lightroom.sdk["view"](), properties).values()
    rows = [row for row in section.values() if getattr(row, "values", None) and row["kind"]]
    found = [control for row in rows for control in controls(row)]
    return lightroom, properties, found, provider


def press(panel):
    lightroom, properties, found, _ = panel
    (button,) = [options for kind, options in found if kind == "push_button"]
    button["action"]()
    lightroom.finish()
    return properties["status"]


def test_the_panel_shows_the_address_and_hides_the_key(panel, studio):
    _, properties, found, _ = panel
    assert (properties["server"], properties["key"]) == (studio.url, KEY)
    fields = {kind: options["value"]["bound"] for kind, options in found if kind.endswith("_field")}
    assert fields == {"edit_field": "server", "password_field": "key"}


def test_the_test_button_says_that_the_server_answers(panel):
    assert press(panel) == "Connected to Studio Server 0.1.0 with the key “Lightroom”."


def test_the_test_button_says_what_is_wrong(panel, studio):
    panel[1]["key"] = "another"
    assert press(panel) == "This key is unknown. Make a new one."
    studio.instead("/hello", hang_up)
    assert "cannot be reached" in press(panel)


def test_an_address_is_kept_in_one_form_and_the_key_in_the_password_store(panel, machine):
    _, properties, _, provider = panel
    properties["server"], properties["key"] = " studio.local:8000// ", f" {KEY}\n"
    provider["endDialog"](properties)
    assert machine.preferences["server"] == "http://studio.local:8000"
    assert machine.passwords == {KEY_NAME: KEY}
