"""What can go wrong, in sentences for the person who reads them.

Every message says what happened, why, and what to do next. `exit_code` is what a command ends
with, `status` what an HTTP door answers.
"""

import errno


class StudioError(Exception):
    exit_code = 1
    status = 500


class NotFound(StudioError):
    status = 404


class NotAllowed(StudioError):
    status = 403


class ConsentMissing(NotAllowed):
    """The client has not agreed to this purpose, or has withdrawn it."""


class Conflict(StudioError):
    """The thing is not in a state in which this may be done."""

    status = 409


class WrongOffset(Conflict):
    """A part of a file that does not follow what is here already."""

    def __init__(self, offset: int, sentence: str = "") -> None:
        super().__init__(sentence or f"This part does not follow what is here. Go on from byte {offset}.")
        self.offset = offset


class BadInput(StudioError):
    exit_code = 2
    status = 400


class Unreadable(BadInput):
    """A file cannot be read as a picture; it is kept, listed and explained."""

    status = 422


class DiskFull(StudioError):
    """Something could not be stored. Where the disk is full, what found no room is tried again by itself."""

    status = 507


class EngineUnavailable(StudioError):
    """A model file, a base or the memory that it needs is missing."""

    exit_code = 3
    status = 503


class Cancelled(StudioError):
    """Somebody asked this job to stop; what was made so far is kept."""

    exit_code = 130
    status = 409


class Mishap(StudioError):
    """What nobody foresaw where it happened, in words; the error itself is its cause."""

    status = 503


def in_words(error: BaseException) -> str:
    """What happened, why, and what to do next, for an error that is none of ours.

    By their names where a class cannot be imported here (torch's own out of memory, a database's).
    """
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        why = "the machine's memory is too small for it"
        next_step = "Close other programs or choose a smaller base, then start it again."
    elif disk_is_full(error):
        why, next_step = "the disk is full", "Make room, then start it again."
    elif isinstance(error, OSError):
        why = f"a file could not be read or written ({error.strerror or type(error).__name__})"
        next_step = "See that the disks are there and may be written to, then start it again."
    else:
        why = f"of a fault in the server ({type(error).__name__})"
        next_step = "Start it again; if it stops again, the server's log says more."
    return f"This stopped because {why}. Nothing that was kept is lost. {next_step}"


def disk_is_full(error: BaseException) -> bool:
    """Whether this, or what it was raised from, is a disk without room."""
    if error.__cause__ is not None and disk_is_full(error.__cause__):
        return True
    if isinstance(error, OSError):
        return error.errno in {errno.ENOSPC, errno.EDQUOT}
    words = str(error)  # SQLite's and PostgreSQL's; safetensors has no number, but the one in brackets
    return "disk is full" in words or f"(os error {errno.ENOSPC})" in words or "No space left" in words
