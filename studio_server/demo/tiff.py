"""Write the directories of a TIFF: what a DNG and an EXIF block are both made of. Little-endian."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED, SRATIONAL = 1, 2, 3, 4, 5, 7, 10
SIZES = {BYTE: 1, ASCII: 1, SHORT: 2, LONG: 4, RATIONAL: 8, UNDEFINED: 1, SRATIONAL: 8}
FORMS = {SHORT: "H", LONG: "I", RATIONAL: "I", SRATIONAL: "i"}
STRIP_OFFSETS, STRIP_COUNTS = 273, 279
HEADER = struct.pack("<2sHI", b"II", 42, 8)

Value = str | bytes | Sequence[int]


@dataclass(frozen=True)
class Directory:
    """One image file directory: fields by tag, directories that hang on it by tag, and its strips of data."""

    fields: Mapping[int, tuple[int, Value]]
    below: Mapping[int, Sequence["Directory"]] = field(default_factory=dict)
    strips: Sequence[bytes] = ()

    def table(self) -> dict[int, tuple[int, Value]]:
        """Every field in the order of its tag, with zeros where offsets will stand."""
        pointers: dict[int, tuple[int, Value]] = {
            tag: (LONG, [0] * len(inner)) for tag, inner in self.below.items()
        }
        if self.strips:
            pointers[STRIP_OFFSETS] = (LONG, [0] * len(self.strips))
            pointers[STRIP_COUNTS] = (LONG, [len(strip) for strip in self.strips])
        return dict(sorted((dict(self.fields) | pointers).items()))

    def family(self) -> list["Directory"]:
        """Return this directory and all below it, in the order in which they are written."""
        return [self, *(each for inner in self.below.values() for one in inner for each in one.family())]


def lay_out(root: Directory) -> bytes:
    """Return the whole file: header, directories, then their data, the smallest first.

    So thumbnail and preview lie before the sensor data, as in cameras: they can be shown early.
    """
    family = root.family()
    places, at = {}, len(HEADER)
    for directory in family:
        places[id(directory)] = at
        at += len(_written(directory, {}, [], at))
    data: list[bytes] = []
    offsets: dict[int, list[int]] = {}
    for directory in sorted(family, key=lambda each: sum(map(len, each.strips))):
        offsets[id(directory)] = [
            at + sum(map(len, directory.strips[:n])) for n in range(len(directory.strips))
        ]
        data += directory.strips
        at += sum(map(len, directory.strips))
    tables = [_written(each, places, offsets[id(each)], places[id(each)]) for each in family]
    return b"".join([HEADER, *tables, *data])


def _written(directory: Directory, places: Mapping[int, int], offsets: Sequence[int], at: int) -> bytes:
    """Return the directory at offset `at`, followed by the values that do not fit into its entries."""
    table = directory.table()
    for tag, inner in directory.below.items():
        table[tag] = (LONG, [places.get(id(each), 0) for each in inner])
    if offsets:
        table[STRIP_OFFSETS] = (LONG, offsets)
    beyond = at + 2 + 12 * len(table) + 4
    entries, extra = [], b""
    for tag, (kind, value) in table.items():
        packed = _packed(kind, value)
        if len(packed) <= 4:
            where = packed.ljust(4, b"\0")
        else:
            where = struct.pack("<I", beyond + len(extra))
            extra += packed + b"\0" * (len(packed) % 2)
        entries.append(struct.pack("<HHI", tag, kind, len(packed) // SIZES[kind]) + where)
    return struct.pack("<H", len(table)) + b"".join(entries) + bytes(4) + extra


def _packed(kind: int, value: Value) -> bytes:
    if isinstance(value, str):
        return value.encode() + b"\0"
    if isinstance(value, bytes):
        return value
    if kind in (BYTE, UNDEFINED):
        return bytes(value)
    return struct.pack(f"<{len(value)}{FORMS[kind]}", *value)


def ratio(value: float, scale: int = 10_000) -> list[int]:
    """Return a rational's two integers."""
    return [round(value * scale), scale]
