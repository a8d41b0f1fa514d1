"""A file that comes in parts, because the line breaks: what is here already is not sent again."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import IO

from studio_server.domain.errors import BadInput
from studio_server.workflow import ingest
from studio_server.workflow.ingest import Incoming, Receipt
from studio_server.workflow.services import Services

MOST_BYTES = 1 << 31
"""Of one file, in one request or in parts."""
DAYS_KEPT = 3
"""So long a broken upload waits for its sender: over a weekend."""


class TooLarge(BadInput):
    status = 413


@dataclass(frozen=True)
class Part:
    offset: int
    size: int
    last: bool
    """Whether the file is complete with it."""
    length: int = 0
    """Of the whole file, where its sender says it."""

    @property
    def most(self) -> int:
        """The least that the whole file is long."""
        return max(self.length, self.offset + self.size)


def add(services: Services, incoming: Incoming, part: Part, stream: IO[bytes]) -> Receipt | int:
    """Keep one part of the file that `incoming.sha256` names; with the last one it becomes part of its shot.

    Returns the offset of the next part, or the receipt of the whole file. The bytes are hashed when all are
    here: if they are others than announced, they are dropped. Raises WrongOffset, TooLarge, UnknownKind.
    """
    ingest.role_of(incoming.name)  # before anything is read
    if part.most > MOST_BYTES:
        raise TooLarge(f"{incoming.name} is larger than {MOST_BYTES >> 30} GB, more than is taken in.")
    if known := ingest.receipt_of(services, incoming.sha256):
        return known
    reached = services.uploads.append(incoming.sha256, part.offset, stream)
    if not part.last:
        return reached
    stored = services.uploads.finish(incoming.sha256, reached)
    return ingest.receive_stored(services, replace(incoming, sha256=stored.sha256), stored)


def offset(services: Services, sha256: str) -> int:
    """How much of this file is here already; 0: nothing yet."""
    return services.uploads.offset(sha256)


def tidy(services: Services) -> int:
    """Remove uploads that nobody has gone on with for days."""
    return services.uploads.drop_idle(services.now() - timedelta(days=DAYS_KEPT))
