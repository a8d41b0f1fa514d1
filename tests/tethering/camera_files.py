"""The smallest files that have the structure of a camera's."""

import io
import os
import struct

import piexif
from PIL import Image


def tiff(data=b"\x07" * 50_000, strips=4):
    """A TIFF whose directory comes first and whose strips follow it."""
    step = -(-len(data) // strips)
    counts = [len(data[at : at + step]) for at in range(0, len(data), step)]
    entries = 2
    directory = 8 + 2 + 12 * entries + 4
    start = directory + 8 * len(counts)
    offsets = [start + sum(counts[:index]) for index in range(len(counts))]
    number = len(counts)
    return b"".join(
        [
            struct.pack("<2sHIH", b"II", 42, 8, entries),
            struct.pack("<HHII", 273, 4, number, directory),
            struct.pack("<HHII", 279, 4, number, directory + 4 * number),
            struct.pack("<I", 0),
            struct.pack(f"<{2 * number}I", *offsets, *counts),
            data,
        ]
    )


def jpeg(serial="", captured="", sub="", zone="", colour=128):
    exif = {"Exif": {}}
    if captured:
        exif["Exif"] = {
            piexif.ExifIFD.DateTimeOriginal: captured,
            piexif.ExifIFD.SubSecTimeOriginal: sub,
            piexif.ExifIFD.OffsetTimeOriginal: zone,
            piexif.ExifIFD.BodySerialNumber: serial,
        }
    out = io.BytesIO()
    Image.new("RGB", (64, 48), (colour, 90, 60)).save(out, "JPEG", exif=piexif.dump(exif))
    return out.getvalue()


def with_exif(header, image_data=b"\x07" * 5_000):
    """A RAW in all but name: the EXIF of `header` (a JPEG), strips of its own."""
    exif = piexif.load(header)["Exif"]
    block = piexif.dump({"Exif": exif})[6:]
    return block[:2] + block[2:] + image_data


def boxes(payload=b"\x05" * 9_000):
    return (
        struct.pack(">I4s4s4x", 16, b"ftyp", b"crx ")
        + struct.pack(">I4s", 8 + len(payload), b"mdat")
        + payload
    )


def noise(size):
    return os.urandom(size)
