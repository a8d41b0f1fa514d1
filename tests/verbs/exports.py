"""Files as the photographer's programs write them, and as cameras do."""

import io
from datetime import datetime

import piexif
from PIL import Image

SERIAL, MODEL = "B0D1", "Studio Camera"


def export(  # noqa: PLR0917 - as many as an export has settings
    colour=(180, 60, 40),
    program="Capture One 16 Macintosh",
    at: datetime | None = None,
    size=(600, 800),
    kind="JPEG",
    note=b"",
    serial=SERIAL,
    model=MODEL,
):
    """A picture with the EXIF that a program (or, with a `note`, a camera) leaves in it."""
    first = {piexif.ImageIFD.Make: "Maker", piexif.ImageIFD.Model: model} if model else {}
    if program:
        first[piexif.ImageIFD.Software] = program
    exif = {piexif.ExifIFD.BodySerialNumber: serial} if serial else {}
    if at:
        exif[piexif.ExifIFD.DateTimeOriginal] = at.strftime("%Y:%m:%d %H:%M:%S")
        exif[piexif.ExifIFD.SubSecTimeOriginal] = f"{at.microsecond // 1000:03d}"
    if note:
        exif[piexif.ExifIFD.MakerNote] = note
    block = piexif.dump({"0th": first, "Exif": exif})
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, kind, exif=block if kind == "JPEG" else block[6:])
    return out.getvalue()
