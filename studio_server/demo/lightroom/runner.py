"""Runs the real plug-in against a running server and a simulated catalog."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from lupa.lua51 import LuaRuntime

from studio_server.demo.lightroom.catalog import Catalog
from studio_server.demo.lightroom.keys import PluginField
from studio_server.demo.lightroom.sdk import Host, Machine, Person

HERE = Path(__file__).parent
KEY_NAME = "studio-server-key"

LuaTable: TypeAlias = Any  # lupa has no types


@dataclass(frozen=True)
class PullReport:
    imported: int
    """Pictures added to the catalog."""
    stacked: int
    """Of those, how many lie in a stack with their RAW."""
    changes: int
    """Every write that changed something in the catalog."""
    refused: int
    lines: tuple[str, ...]
    """One for each picture, in the plug-in's words."""
    dialogs: tuple[tuple[str, str, str], ...]
    longest_turn: float
    """CPU seconds: the longest stretch in which the plug-in let nobody else have a turn."""
    waited: float
    """Seconds that the plug-in slept or waited for the catalog; the simulation's clock, not ours."""


class PluginFailed(Exception):
    """The plug-in broke: an error that it did not catch itself."""


@dataclass
class Lightroom:
    """One start of Lightroom with the plug-in in it. Modules are fresh, catalog and settings stay."""

    machine: Machine
    lua: LuaRuntime = field(init=False)
    sdk: LuaTable = field(init=False)
    info: LuaTable = field(init=False)

    def __post_init__(self) -> None:
        self.lua = LuaRuntime(unpack_returned_tuples=True, register_eval=False, register_builtins=False)
        self._host = Host(self.machine, self._to_lua)
        info = self._bare_info()
        toolkit = self.lua.table_from(
            {"id": info["LrToolkitIdentifier"], "path": str(self.machine.plugin_dir)}
        )
        source = (HERE / "sdk.lua").read_text(encoding="utf-8")
        self.sdk = self.lua.execute(source, self._host, self._load_part, toolkit, name="@sdk.lua")
        self.info = info
        self.machine.fields = self._declared_fields()

    def run(self, file: str) -> None:
        """Run one of the plug-in's files as a menu item does, until all its tasks have ended.

        Raises PluginFailed.
        """
        self.sdk["run"](file)
        self.finish()

    def finish(self) -> None:
        """Let all tasks end. Raises PluginFailed."""
        self.sdk["tasks"]["run"]()
        failures = list(self.sdk["tasks"]["failures"].values())
        if failures:
            raise PluginFailed("; ".join(failures))

    def _bare_info(self) -> LuaTable:
        """Info.lua is evaluated without import and require; only LOC is there."""
        return self.lua.execute(
            "local source = ...; local chunk, why = loadstring(source, '@Info.lua');"
            " if not chunk then error(why, 0) end;"
            " return setfenv(chunk, {LOC = function(t) return (t:gsub('^%$%$%$/[^=]*=', '')) end})()",
            (self.machine.plugin_dir / "Info.lua").read_text(encoding="utf-8"),
        )

    def _load_part(self, name: str, *arguments: object) -> object:
        source = (HERE / f"{name}.lua").read_text(encoding="utf-8")
        return self.lua.execute(source, *arguments, name=f"@{name}.lua")

    def _to_lua(self, value: object) -> object:
        if isinstance(value, dict | list):
            return self.lua.table_from(value, recursive=True)
        return value

    def _declared_fields(self) -> dict[str, PluginField]:
        provider = self.info["LrMetadataProvider"]
        if provider is None:
            return {}
        rows = self.sdk["run"](provider)["metadataFieldsForPhotos"].values()
        return {row["id"]: _field(row) for row in rows}


def _field(row: LuaTable) -> PluginField:
    values = frozenset(value["value"] for value in row["values"].values()) if row["values"] else frozenset()
    return PluginField(row["id"], row["dataType"] or "string", bool(row["searchable"]), values)


def machine_for(server: str, key: str, catalog: Catalog, plugin_dir: Path, home: Path) -> Machine:
    """Make a computer on which the plug-in's settings hold this server and key."""
    return Machine(catalog, plugin_dir, home, {"server": server}, {KEY_NAME: key})


def pull_on(machine: Machine, menu_file: str = "PullApproved.lua") -> PullReport:
    """Start Lightroom on this machine, choose the menu item, and say what became of it.

    Raises PluginFailed.
    """
    catalog, person = machine.catalog, Person(cancel_after=machine.person.cancel_after)
    machine.person = person
    changes, added = catalog.changes, len(catalog.added)
    lightroom = Lightroom(machine)
    lightroom.run(menu_file)
    new = [catalog.photos[number] for number in catalog.added[added:]]
    lines = [text.removeprefix("picture ") for _, text in person.log if text.startswith("picture ")]
    return PullReport(
        imported=len(new),
        stacked=sum(len(catalog.stack_of(photo)) > 1 for photo in new),
        changes=catalog.changes - changes,
        refused=sum(line.startswith("refused") for line in lines),
        lines=tuple(lines),
        dialogs=tuple(person.dialogs),
        longest_turn=float(lightroom.sdk["tasks"]["longest"]),
        waited=float(lightroom.sdk["tasks"]["now"]),
    )


def pull(server: str, key: str, catalog: Catalog, plugin_dir: Path) -> PullReport:
    """Pull the approved masters into the catalog, as a person would from the menu.

    Preferences are fresh each time, so that a second pull rests on the catalog alone. Raises PluginFailed.
    """
    with tempfile.TemporaryDirectory(prefix="lightroom-") as home:
        return pull_on(machine_for(server, key, catalog, plugin_dir, Path(home)))
