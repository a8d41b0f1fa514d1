"""The chosen rendition of a shot as a file: what every picture of the session stands on."""

from pathlib import Path

from studio_server.domain.shot import Shot
from studio_server.imaging.decoder import DECODER
from studio_server.workflow.services import Services

RECIPE = "2"
"""2: framed and coloured as the camera's preview."""


def key_of(shot: Shot) -> str:
    """Caches of whatever is made from this rendition are keyed by it."""
    white = "".join(f"-{round(1000 * factor)}" for factor in shot.white)
    return f"{shot.original.sha256[:32]}-{RECIPE}{white}"


def rendition(services: Services, shot: Shot) -> Path:
    """Developed once, kept without loss (TIFF, sRGB, right side up). Raises Unreadable."""
    path = services.derived.directory(f"{shot.session_id}/renditions") / f"{key_of(shot)}.tif"
    if not path.exists():
        partial = path.with_suffix(f".{services.new_id()}.part")  # a page may ask while a job makes it
        DECODER.develop(services.blobs.path(shot.original.sha256), partial, shot.white)
        partial.replace(path)
    return path
