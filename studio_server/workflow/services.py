"""What every verb is handed: the ports, and nothing else."""

from dataclasses import dataclass

from studio_server.domain.engines import Coach, Cutter, Fitter, Painter
from studio_server.domain.ports import (
    Blobs,
    Board,
    Clock,
    Derived,
    Folder,
    Mirror,
    NewId,
    Read,
    Uploads,
    Work,
)
from studio_server.domain.provenance import Signer


@dataclass(frozen=True)
class Services:
    read: Read
    work: Work
    blobs: Blobs
    uploads: Uploads
    derived: Derived
    board: Board
    fitter: Fitter
    painter: Painter
    cutter: Cutter
    coach: Coach
    folder: Folder
    signer: Signer
    now: Clock
    new_id: NewId
    mirror: Mirror | None = None
    """None: the studio has no second place."""
    synthetic: bool = False
    """Whether the base in use can learn a person and make whole pictures of them."""
