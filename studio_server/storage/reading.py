"""What can be asked of the tables, in one transaction."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Self, TypeVar

from sqlalchemy import Connection, Select, Table, or_, select

from studio_server.domain.consent import ConsentRecord
from studio_server.domain.delivery import Delivery, DeliveryId
from studio_server.domain.errors import BadInput, NotFound
from studio_server.domain.likeness import Likeness, LikenessId
from studio_server.domain.mirror import Copy
from studio_server.domain.plate import OwnPlate, PlateId
from studio_server.domain.ports import Key, Owner, Ticket
from studio_server.domain.session import Session, SessionId
from studio_server.domain.shot import Shot, ShotId
from studio_server.domain.variation import Variation, VariationId
from studio_server.storage import tables
from studio_server.storage.codec import load

T = TypeVar("T")
STEM = 255
"""Letters of a stem that are compared."""


class SqlReading:
    """What can be asked of the tables."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._connection.rollback()

    def session(self, session_id: SessionId) -> Session:
        return self._one(Session, tables.SESSIONS, session_id, "session")

    def sessions(self) -> Sequence[Session]:
        return self._all(Session, select(tables.SESSIONS.c.body).order_by(tables.SESSIONS.c.opened.desc()))

    def shot(self, shot_id: ShotId) -> Shot:
        return self._one(Shot, tables.SHOTS, shot_id, "shot")

    def shots(self, session_id: SessionId | None) -> Sequence[Shot]:
        column = tables.SHOTS.c.session_id
        where = column.is_(None) if session_id is None else column == session_id
        order = (tables.SHOTS.c.captured, tables.SHOTS.c.id)
        return self._all(Shot, select(tables.SHOTS.c.body).where(where).order_by(*order))

    def shot_with_file(self, sha256: str) -> Shot | None:
        joined = tables.SHOTS.join(tables.FILES, tables.FILES.c.shot_id == tables.SHOTS.c.id)
        query = select(tables.SHOTS.c.body).select_from(joined).where(tables.FILES.c.sha256 == sha256)
        return self._maybe(Shot, query)

    def shot_of_release(self, release: str) -> Shot | None:
        return self._maybe(Shot, select(tables.SHOTS.c.body).where(tables.SHOTS.c.release == release))

    def sighted(self, serial: str, near: datetime, most: int) -> Sequence[Shot]:
        said, at = tables.SHOTS.c.clock_said, utc(near)
        of_camera = select(tables.SHOTS.c.body).where(tables.SHOTS.c.clock_of == serial)
        before = of_camera.where(said <= at).order_by(said.desc()).limit(most // 2)
        after = of_camera.where(said > at).order_by(said).limit(most // 2)
        return [*self._all(Shot, before), *self._all(Shot, after)]

    def shot_of_spot(self, spot: str) -> Shot | None:
        query = select(tables.SHOTS.c.body).where(tables.SHOTS.c.spot == spot)
        return self._maybe(Shot, query.order_by(tables.SHOTS.c.captured.desc()).limit(1))

    def copied(self, session_id: SessionId | None) -> frozenset[str]:
        column = tables.SHOTS.c.session_id
        where = column.is_(None) if session_id is None else column == session_id
        joined = tables.COPIES.join(tables.FILES, tables.FILES.c.sha256 == tables.COPIES.c.sha256)
        joined = joined.join(tables.SHOTS, tables.SHOTS.c.id == tables.FILES.c.shot_id)
        query = select(tables.COPIES.c.sha256).select_from(joined).where(where)
        return frozenset(self._connection.execute(query).scalars())

    def copies(self, mirror: str) -> Sequence[Copy]:
        table = tables.COPIES
        return self._all(Copy, select(table.c.body).where(table.c.mirror == mirror).order_by(table.c.sha256))

    def has_copy(self, mirror: str, sha256: str) -> bool:
        table = tables.COPIES
        query = select(table.c.sha256).where(table.c.mirror == mirror, table.c.sha256 == sha256)
        return self._connection.execute(query).first() is not None

    def copied_ever(self) -> bool:
        return self._connection.execute(select(tables.COPIES.c.sha256).limit(1)).first() is not None

    def uncopied(self, mirror: str) -> Sequence[Shot]:
        copies = select(tables.COPIES.c.sha256).where(tables.COPIES.c.mirror == mirror)
        owed = select(tables.FILES.c.shot_id).where(tables.FILES.c.sha256.not_in(copies))
        order = (tables.SHOTS.c.captured, tables.SHOTS.c.id)
        return self._all(
            Shot, select(tables.SHOTS.c.body).where(tables.SHOTS.c.id.in_(owed)).order_by(*order)
        )

    def shots_like(self, taken: datetime | None, stems: Sequence[str]) -> Sequence[Shot]:
        table = tables.SHOTS
        named = table.c.stem.in_([stem[:STEM] for stem in stems])
        where = or_(named, table.c.taken == wall(taken)) if taken else named
        return self._all(Shot, select(table.c.body).where(where).order_by(table.c.captured, table.c.id))

    def consents(self, session_id: SessionId) -> Sequence[ConsentRecord]:
        return self._of(ConsentRecord, tables.CONSENTS, session_id, "seq")

    def likeness(self, likeness_id: LikenessId) -> Likeness:
        return self._one(Likeness, tables.LIKENESSES, likeness_id, "likeness")

    def likenesses(self, session_id: SessionId) -> Sequence[Likeness]:
        return self._of(Likeness, tables.LIKENESSES, session_id, "created")

    def variation(self, variation_id: VariationId) -> Variation:
        return self._one(Variation, tables.VARIATIONS, variation_id, "variation")

    def variations(self, session_id: SessionId) -> Sequence[Variation]:
        return self._of(Variation, tables.VARIATIONS, session_id, "created")

    def delivery(self, delivery_id: DeliveryId) -> Delivery:
        return self._one(Delivery, tables.DELIVERIES, delivery_id, "delivery")

    def deliveries(self, session_id: SessionId) -> Sequence[Delivery]:
        return self._of(Delivery, tables.DELIVERIES, session_id, "seq")

    def deliveries_since(self, cursor: str, limit: int) -> tuple[Sequence[Delivery], str]:
        if not (cursor or "0").isdigit():
            msg = "This cursor is not one of ours. Ask again without `since` to begin from the start."
            raise BadInput(msg)
        table = tables.DELIVERIES
        query = (
            select(table.c.seq, table.c.body).where(table.c.seq > int(cursor or "0")).order_by(table.c.seq)
        )
        rows = self._connection.execute(query.limit(limit)).all()
        return [load(Delivery, row.body) for row in rows], str(rows[-1].seq) if rows else cursor

    def plate(self, plate_id: PlateId) -> OwnPlate:
        return self._one(OwnPlate, tables.PLATES, plate_id, "plate")

    def plates(self) -> Sequence[OwnPlate]:
        order = (tables.PLATES.c.added, tables.PLATES.c.id)
        return self._all(OwnPlate, select(tables.PLATES.c.body).order_by(*order))

    def is_ours(self, sha256: str) -> bool:
        query = select(tables.OURS.c.sha256).where(tables.OURS.c.sha256 == sha256)
        return self._connection.execute(query).first() is not None

    def ticket(self, ticket_id: str) -> Ticket:
        return self._one(Ticket, tables.TICKETS, ticket_id, "link")

    def tickets(self, session_id: SessionId) -> Sequence[Ticket]:
        return self._of(Ticket, tables.TICKETS, session_id, "id")

    def key_by_hash(self, secret_hash: str) -> Key | None:
        return self._maybe(Key, select(tables.KEYS.c.body).where(tables.KEYS.c.secret_hash == secret_hash))

    def machine_keys(self) -> Sequence[Key]:
        made = self._all(Key, select(tables.KEYS.c.body))
        return sorted(made, key=lambda key: key.created_at, reverse=True)

    def owner(self) -> Owner | None:
        return self._maybe(Owner, select(tables.OWNERS.c.body).order_by(tables.OWNERS.c.id).limit(1))

    def _one(self, kind: type[T], table: Table, key: str, word: str) -> T:
        found = self._maybe(kind, select(table.c.body).where(table.c.id == key))
        if found is None:
            msg = f"There is no such {word}. It may have been erased, or the address is incomplete."
            raise NotFound(msg)
        return found

    def _of(self, kind: type[T], table: Table, session_id: str, order: str) -> Sequence[T]:
        query = select(table.c.body).where(table.c.session_id == session_id).order_by(table.c[order])
        return self._all(kind, query)

    def _all(self, kind: type[T], query: Select[Any]) -> Sequence[T]:
        return [load(kind, body) for body in self._connection.execute(query).scalars()]

    def _maybe(self, kind: type[T], query: Select[Any]) -> T | None:
        body = self._connection.execute(query).scalar()
        return None if body is None else load(kind, body)


def utc(at: datetime) -> str:
    """Sortable as text: always UTC, always with microseconds."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def wall(at: datetime | None) -> str | None:
    """What the camera's clock showed, to the second: programs drop the zone, or add one."""
    return at.isoformat()[:19] if at else None
