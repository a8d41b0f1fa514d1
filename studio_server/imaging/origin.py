"""How a picture came about: the camera's own, or made by a program, and from which file."""

import html
import re
from pathlib import Path

from studio_server.domain.rendition import Origin
from studio_server.imaging.capture import read_capture
from studio_server.imaging.containers import contents
from studio_server.imaging.fields import read_fields, text
from studio_server.imaging.pictures import carries_notes
from studio_server.imaging.tiff import Data

PROGRAMS = re.compile(
    r"capture one|lightroom|camera raw|photoshop|dxo|photolab|pureraw|darktable|rawtherapee|^art \d|on1"
    r"|luminar|affinity|acdsee|exposure x|silkypix|iridient|nx studio|capture nx|viewnx|phocus|zoner"
    r"|digital photo professional|imaging edge|image data converter|raw power|^aperture|^photos \d|topaz"
    r"|gimp|ufraw|filmulator|ansel|vkdt|x raw studio|olympus (workspace|viewer)|om workspace"
    r"|digital camera utility|retouch4me|evoto|pixelmator",
    re.IGNORECASE,
)
"""What developers and editors call themselves in EXIF Software or XMP CreatorTool; no firmware among them."""
PLATFORM = re.compile(r"\s*\(?\b(windows|macintosh|macos|mac|linux)\b\)?", re.IGNORECASE)
MAKER = re.compile(r"^adobe (photoshop )?(?=lightroom|camera raw|photoshop)", re.IGNORECASE)
LONGEST = 200
PACKET_START, PACKET_END, MOST_PACKET = b"<x:xmpmeta", b"</x:xmpmeta", 1 << 20
SOURCES = ("crs:RawFileName", "stRef:filePath", "xmpMM:PreservedFileName")
NO_PHOTOGRAPH = re.compile(
    r"digitalsourcetype/(composite|trainedalgorithmic|algorithmicmedia)", re.IGNORECASE
)


def read_origin(path: Path) -> Origin:
    """Return what the picture says of itself; of a file without metadata an empty Origin. Raises nothing.

    The camera's own notes are not read: where there are any, `read_capture` may know a serial number more.
    """
    fields, packet = read_fields(path, notes=False), _packet(path)
    named = [text(fields, "Software"), _said(packet, "xmp:CreatorTool")]
    program = next((name for name in named if PROGRAMS.search(name)), "")
    return Origin(
        capture=read_capture(path, fields),
        program=MAKER.sub("", PLATFORM.sub("", program)).strip(),
        source=next((name for each in SOURCES if (name := _said(packet, each))), ""),
        of_camera=carries_notes(path),
        composed=bool(NO_PHOTOGRAPH.search(packet)) or named[0].startswith("Studio Server"),
    )


def _packet(path: Path) -> str:
    """Return the XMP packet, wherever the container keeps it."""
    try:
        with contents(path) as data:
            return _cut(data)
    except OSError:
        return ""


def _cut(data: Data) -> str:
    start = data.find(PACKET_START)
    end = data.find(PACKET_END, start, start + MOST_PACKET) if start >= 0 else -1
    return data[start:end].decode(errors="replace") if end > 0 else ""


def _said(packet: str, name: str) -> str:
    """Return a simple property, written as an attribute or as an element."""
    found = re.search(rf"""{name}\s*(?:=\s*["']([^"']*)["']|>([^<]*)<)""", packet)
    words = html.unescape(found[1] or found[2] or "") if found else ""
    return "".join(letter for letter in words if letter.isprintable()).strip()[:LONGEST]
