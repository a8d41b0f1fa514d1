"""The Python side of the simulated SDK: every verb that the Lua side may ask for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from studio_server.demo.lightroom import files, keys, network
from studio_server.demo.lightroom.catalog import Catalog
from studio_server.demo.lightroom.keys import Objects, One, PluginField
from studio_server.demo.lightroom.photos import Refusal

LuaTable: TypeAlias = Any  # lupa has no types


@dataclass
class Person:
    """Who sits before Lightroom: what they were shown, and when they press cancel."""

    dialogs: list[tuple[str, str, str]] = field(default_factory=list)
    """(title, text, style)"""
    log: list[tuple[str, str]] = field(default_factory=list)
    """(level, text)"""
    progress: list[tuple[float, float]] = field(default_factory=list)
    cancel_after: int | None = None
    """Cancel once so many reports of progress were seen."""


@dataclass
class Machine:
    """The photographer's computer, as far as a plug-in sees it."""

    catalog: Catalog
    plugin_dir: Path
    home: Path
    preferences: dict[str, object]
    passwords: dict[str, str]
    person: Person = field(default_factory=Person)
    fields: dict[str, PluginField] = field(default_factory=dict)


class Host:
    """Answers the Lua side: (True, value) or (False, what Lightroom would say)."""

    def __init__(self, machine: Machine, to_lua: Callable[[object], object]) -> None:
        self._machine = machine
        self._to_lua = to_lua
        self._verbs = _catalog_verbs(machine) | _photo_verbs(machine) | _person_verbs(machine)
        self._verbs |= {f"file.{name}": call for name, call in files.functions(machine.home).items()}
        self._verbs |= {"http": _http, "source": self._source}

    def __call__(self, verb: str, *arguments: object) -> tuple[bool, object]:
        try:
            return True, self._to_lua(plain(self._verbs[verb](*arguments)))
        except Refusal as refusal:
            return False, str(refusal)

    def _source(self, name: str) -> str:
        path = self._machine.plugin_dir / name
        if Path(name).name != name or not path.is_file():
            raise Refusal(f"{name} is not a file of the plug-in")
        return path.read_text(encoding="utf-8")


def plain(value: object) -> object:
    """Values in a form that becomes a Lua table."""
    if isinstance(value, Objects):
        return {"kind": value.kind, "ids": list(value.ids)}
    if isinstance(value, One):
        return {"kind": value.kind, "id": value.id}
    return value


def _catalog_verbs(machine: Machine) -> dict[str, Callable[..., object]]:
    catalog = machine.catalog

    def busy() -> bool:
        return catalog.busy.pop(0) if catalog.busy else False

    def found(result: tuple[int | None, bool]) -> dict[str, object]:
        return {"id": result[0], "new": result[1]}

    return {
        "catalog.busy": busy,
        "catalog.path": lambda: catalog.path,
        "catalog.find_path": catalog.find_path,
        "catalog.find_property": catalog.find_property,
        "catalog.find_days": catalog.find_days,
        "catalog.add": catalog.add,
        "catalog.keyword": lambda name, parent, existing: found(catalog.keyword(name, parent, existing)),
        "catalog.shelf": lambda kind, name, parent, prior: found(catalog.shelf(kind, name, parent, prior)),
        "collection.add": catalog.put_on_shelf,
        "keyword.name": lambda number: catalog.keywords[number].name,
    }


def _photo_verbs(machine: Machine) -> dict[str, Callable[..., object]]:
    catalog = machine.catalog

    def get_property(photo: int, name: str) -> object:
        keys.check_property(machine.fields.get(name), name, None)
        return catalog.photos[photo].properties.get(name)

    def set_property(photo: int, name: str, value: object = None) -> None:
        keys.check_property(machine.fields.get(name), name, value)
        properties = catalog.photos[photo].properties
        if properties.get(name) != value:
            properties[name] = value
            catalog.changes += 1

    return {
        "photo.raw": lambda photo, key: keys.read(catalog, photo, key, keys.RAW),
        "photo.formatted": lambda photo, key: keys.read(catalog, photo, key, keys.FORMATTED),
        "photo.set_raw": lambda photo, key, value=None: keys.write(catalog, photo, key, value),
        "photo.property": get_property,
        "photo.set_property": set_property,
        "photo.add_keyword": catalog.add_keyword,
    }


def _person_verbs(machine: Machine) -> dict[str, Callable[..., object]]:
    person = machine.person

    def cancelled() -> bool:
        return person.cancel_after is not None and len(person.progress) >= person.cancel_after

    return {
        "dialog": lambda title, text, style: person.dialogs.append((title, text, style)),
        "log": lambda level, text: person.log.append((level, text)),
        "progress": lambda done, total: person.progress.append((done, total)),
        "cancelled": cancelled,
        "preference": machine.preferences.get,
        "set_preference": lambda key, value=None: machine.preferences.__setitem__(key, value),
        "password": machine.passwords.get,
        "store_password": machine.passwords.__setitem__,
    }


def _http(
    method: str, url: str, headers: LuaTable = None, body: str | None = None, seconds: float | None = None
) -> Mapping[str, object]:
    """`headers` is a Lua array of {field, value}."""
    given = {row["field"]: row["value"] for row in headers.values()} if headers else {}
    if given.get("Content-Type") == "skip":
        del given["Content-Type"]
    elif "Content-Type" not in given:
        given["Content-Type"] = "text/plain"
    data = None if body is None else body.encode("utf-8")
    reply = network.send(network.Request(method, url, given, data, seconds or network.DEFAULT_SECONDS))
    if reply.error:
        return {"error": {"errorCode": reply.error, "name": reply.reason, "nativeCode": -1}}
    headers_back: dict[object, object] = {"status": reply.status}
    for number, (name, value) in enumerate(reply.headers, start=1):
        headers_back[number] = {"field": name, "value": value}
    return {"body": reply.body, "headers": headers_back}
