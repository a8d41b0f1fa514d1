"""What can go wrong, in sentences for the person who reads them.

Every message says what happened, why, and what to do next. `exit_code` is what a command ends
with, `status` what an HTTP door answers.
"""


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


class BadInput(StudioError):
    exit_code = 2
    status = 400


class Unreadable(BadInput):
    """A file cannot be read as a picture; it is kept, listed and explained."""

    status = 422


class EngineUnavailable(StudioError):
    """A model file, a base or the memory that it needs is missing."""

    exit_code = 3
    status = 503


class Cancelled(StudioError):
    """Somebody asked this job to stop; what was made so far is kept."""

    exit_code = 130
    status = 409
