"""The metadata keys that a plug-in may read and write, as the SDK's reference lists them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from studio_server.demo.lightroom.catalog import Catalog
from studio_server.demo.lightroom.photos import LONGEST_SEARCHABLE, Photo, Refusal

LABELS = frozenset({"red", "yellow", "green", "blue", "purple", "none"})


@dataclass(frozen=True)
class Objects:
    """Photos or keywords, by their ids."""

    kind: str
    ids: Sequence[int]


@dataclass(frozen=True)
class One:
    kind: str
    id: int


Reader = Callable[[Catalog, Photo], object]

RAW: dict[str, Reader] = {
    "path": lambda _, photo: photo.path,
    "rating": lambda _, photo: photo.rating,
    "colorNameForLabel": lambda _, photo: photo.label,
    "pickStatus": lambda _, photo: photo.pick,
    "fileFormat": lambda _, photo: photo.format,
    "dateTimeOriginalISO8601": lambda _, photo: photo.captured_at or None,
    "isVirtualCopy": lambda _, photo: photo.copy_of is not None,
    "masterPhoto": lambda _, photo: None if photo.copy_of is None else One("LrPhoto", photo.copy_of),
    "keywords": lambda _, photo: Objects("LrKeyword", sorted(photo.keywords)),
    "isInStackInFolder": lambda catalog, photo: bool(catalog.stack_of(photo)),
    "stackInFolderMembers": lambda catalog, photo: Objects(
        "LrPhoto", [member.id for member in catalog.stack_of(photo)]
    ),
}

FORMATTED: dict[str, Reader] = {
    "fileName": lambda _, photo: PurePath(photo.path).name,
    "cameraSerialNumber": lambda _, photo: photo.serial or None,
    "caption": lambda _, photo: photo.caption,
}


def read(catalog: Catalog, photo: int, key: str, readers: dict[str, Reader]) -> object:
    reader = readers.get(key)
    if reader is None:
        raise Refusal(f"Unknown key: {key!r}")
    return reader(catalog, catalog.photos[photo])


def _rating(value: object) -> int | None:
    if value is not None and (not isinstance(value, int | float) or value not in (1, 2, 3, 4, 5)):
        raise Refusal(f"setRawMetadata: a rating is nil or 1 to 5, not {value}")
    return None if value is None else int(value)


def _label(value: object) -> str:
    if value not in LABELS:
        raise Refusal(f"setRawMetadata: {value} is not a colour name for a label")
    return str(value)


def _caption(value: object) -> str:
    if not isinstance(value, str):
        raise Refusal("setRawMetadata: a caption is a text")
    return value


WRITERS: dict[str, tuple[str, Callable[[object], object]]] = {
    "rating": ("rating", _rating),
    "colorNameForLabel": ("label", _label),
    "caption": ("caption", _caption),
}


def write(catalog: Catalog, photo: int, key: str, value: object) -> None:
    """Set one value. Raises Refusal for a key or a value that Lightroom would not take."""
    if key not in WRITERS:
        raise Refusal(f"setRawMetadata: unknown metadata key {key!r}")
    name, checked = WRITERS[key]
    new = checked(value)
    if getattr(catalog.photos[photo], name) != new:
        setattr(catalog.photos[photo], name, new)
        catalog.changes += 1


@dataclass(frozen=True)
class PluginField:
    """A field that the plug-in's metadata provider declares."""

    id: str
    data_type: str
    searchable: bool
    values: frozenset[str] = frozenset()


def check_property(plugin_field: PluginField | None, name: str, value: object) -> None:
    """Check a value of a plug-in's field. Raises Refusal."""
    if plugin_field is None:
        raise Refusal(f"setPropertyForPlugin: {name!r} is not declared by the plug-in's metadata provider")
    if value is None:
        return
    if not isinstance(value, str | int | float | bool):
        raise Refusal(f"setPropertyForPlugin: {name!r} takes nil, a number, a text or a boolean")
    if plugin_field.values and value not in plugin_field.values:
        raise Refusal(f"setPropertyForPlugin: {value!r} is not among the values of {name!r}")
    if plugin_field.searchable and len(str(value).encode()) > LONGEST_SEARCHABLE:
        raise Refusal(f"setPropertyForPlugin: {name!r} is searchable and takes {LONGEST_SEARCHABLE} bytes")
