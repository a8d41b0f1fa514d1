"""What a master says of itself: EXIF of the shot; XMP with rating, keywords and where its pixels come from.

Namespaces and value types after XMP part 1 and 2 (ISO 16684-1) and IPTC Photo Metadata 2025.1.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from xml.sax.saxutils import escape

from studio_server import __version__
from studio_server.domain.delivery import SOURCE_TYPE_ROOT, Labels, SourceType
from studio_server.domain.errors import BadInput
from studio_server.domain.shot import Capture
from studio_server.imaging.exif import SOFTWARE, bare_exif, carry_exif

__all__ = ["Marks", "bare_exif", "carry_exif", "seal", "xmp"]

NAMESPACES = {
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
}
EXIF_SIGNATURE = b"Exif\0\0"
XMP_SIGNATURE = b"http://ns.adobe.com/xap/1.0/\0"
LARGEST_SEGMENT = 65_533
"""Bytes of a JPEG segment beyond its own length field."""

GENERATIVE = frozenset({SourceType.COMPOSITE, SourceType.GENERATED})


@dataclass(frozen=True)
class Marks:
    """What is written into a master."""

    labels: Labels
    source_type: SourceType
    base: str
    """The base that painted, as people know it."""
    context_title: str
    capture: Capture
    creator: str
    """The photographer or studio; may be empty."""
    title: str
    made_at: datetime | None = None
    format: str = "image/jpeg"


def xmp(marks: Marks) -> bytes:
    """Return the XMP packet (RDF/XML, UTF-8)."""
    spaces = "".join(f'\n    xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
    properties = "\n".join(f"   {line}" for line in _properties(marks) if line)
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="{SOFTWARE}">\n'
        ' <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
        f'  <rdf:Description rdf:about=""{spaces}>\n'
        f"{properties}\n"
        "  </rdf:Description>\n </rdf:RDF>\n</x:xmpmeta>\n"
        '<?xpacket end="w"?>'
    ).encode()


def seal(jpeg: bytes, exif: bytes, xmp: bytes) -> bytes:
    """Put EXIF and XMP into a JPEG, in place of any that it has; not a byte of its pixels changes.

    Raises BadInput where either is larger than a JPEG can hold, or where `jpeg` is none.
    """
    if jpeg[:3] != b"\xff\xd8\xff":
        raise BadInput("Metadata can be put into JPEG pictures only. Encode the master as JPEG first.")
    head, at = b"\xff\xd8", 2
    kept = []
    while jpeg[at : at + 1] == b"\xff" and 0xE0 <= jpeg[at + 1] <= 0xEF:
        end = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        segment, at = jpeg[at:end], end
        if segment[1] == 0xE0:
            head += segment
        elif not segment[4:].startswith((EXIF_SIGNATURE, XMP_SIGNATURE)):
            kept.append(segment)
    ours = _segment("EXIF", EXIF_SIGNATURE + exif) + _segment("XMP", XMP_SIGNATURE + xmp)
    return b"".join([head, ours, *kept, jpeg[at:]])


def _segment(name: str, content: bytes) -> bytes:
    if len(content) > LARGEST_SEGMENT:
        raise BadInput(
            f"The {name} of this picture has {len(content)} bytes, and a JPEG holds {LARGEST_SEGMENT}. "
            "Shorten its keywords and texts."
        )
    return struct.pack(">HH", 0xFFE1, len(content) + 2) + content


def _properties(marks: Marks) -> list[str]:
    taken = _taken(marks.capture.captured_at)
    made = marks.made_at.isoformat(timespec="seconds") if marks.made_at else ""
    return [
        _plain("xmp:CreatorTool", SOFTWARE),
        _plain("xmp:Rating", str(marks.labels.rating)),
        _plain("xmp:Label", marks.labels.label.capitalize()),
        _plain("xmp:CreateDate", taken),
        _plain("xmp:ModifyDate", made),
        _plain("xmp:MetadataDate", made),
        _plain("photoshop:DateCreated", taken),
        _plain("exif:DateTimeOriginal", taken),
        _plain("photoshop:Credit", marks.creator),
        _plain("dc:format", marks.format),
        _list("dc:creator", "Seq", [marks.creator]),
        _text("dc:title", marks.title),
        _text("dc:description", f"{marks.context_title}. {marks.source_type.words}"),
        _list("dc:subject", "Bag", _leaves(marks.labels.keywords)),
        _list("lr:hierarchicalSubject", "Bag", marks.labels.keywords),
        _plain("Iptc4xmpExt:DigitalSourceType", SOURCE_TYPE_ROOT + marks.source_type),
        *(_machine(marks) if marks.source_type in GENERATIVE else ()),
    ]


def _machine(marks: Marks) -> list[str]:
    """Name the machine: IPTC asks for the system, its version, and what it was asked."""
    return [
        _plain("Iptc4xmpExt:AISystemUsed", f"Studio Server with the base {marks.base}"),
        _plain("Iptc4xmpExt:AISystemVersionUsed", __version__),
        _plain("Iptc4xmpExt:AIPromptInformation", f"Context: {marks.context_title}"),
    ]


def _leaves(keywords: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(keyword.rpartition("|")[2] for keyword in keywords))


def _taken(moment: datetime | None) -> str:
    """Return the capture time as XMP writes it: without a zone where the camera states none."""
    if moment is None:
        return ""
    return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds")


def _plain(name: str, value: str) -> str:
    return f"<{name}>{_escaped(value)}</{name}>" if value else ""


def _text(name: str, value: str) -> str:
    if not value:
        return ""
    return f'<{name}><rdf:Alt><rdf:li xml:lang="x-default">{_escaped(value)}</rdf:li></rdf:Alt></{name}>'


def _list(name: str, kind: str, values: Iterable[str]) -> str:
    items = "".join(f"<rdf:li>{_escaped(value)}</rdf:li>" for value in values if value)
    return f"<{name}><rdf:{kind}>{items}</rdf:{kind}></{name}>" if items else ""


def _escaped(value: str) -> str:
    """Escape for XML, without the control characters and half surrogates that XML cannot hold at all."""
    return escape("".join(letter for letter in value if letter.isprintable() or letter in "\n\t"))
