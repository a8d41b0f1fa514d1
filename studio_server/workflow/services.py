"""What every verb is handed: the ports, and nothing else."""

from dataclasses import dataclass

from studio_server.domain.engines import Coach, Cutter, Fitter, Painter
from studio_server.domain.ports import Blobs, Board, Clock, Derived, Folder, NewId, Read, Work


@dataclass(frozen=True)
class Services:
    read: Read
    work: Work
    blobs: Blobs
    derived: Derived
    board: Board
    fitter: Fitter
    painter: Painter
    cutter: Cutter
    coach: Coach
    folder: Folder
    now: Clock
    new_id: NewId
    synthetic: bool = False
    """Whether the base in use can learn a person and make whole pictures of them."""
