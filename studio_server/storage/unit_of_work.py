"""One transaction over the tables. SQLite by default (WAL), PostgreSQL by URL."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import (
    Connection,
    Engine,
    Table,
    create_engine,
    delete,
    event,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.pool import NullPool

from studio_server.domain import events
from studio_server.domain.consent import ConsentRecord
from studio_server.domain.delivery import Delivery
from studio_server.domain.likeness import Likeness
from studio_server.domain.mirror import Copy
from studio_server.domain.plate import OwnPlate
from studio_server.domain.ports import Decision, Key, OutboxEntry, Owner, Saved, Ticket
from studio_server.domain.rendition import stem_of
from studio_server.domain.session import Session
from studio_server.domain.shot import Shot
from studio_server.domain.variation import Variation
from studio_server.storage import tables
from studio_server.storage.codec import dump, load
from studio_server.storage.reading import STEM, SqlReading, utc, wall

T = TypeVar("T")
_READS = "studio_reads"


class SqlWork(SqlReading):
    """The same, and writing."""

    def __init__(self, connection: Connection, now: Callable[[], datetime]) -> None:
        super().__init__(connection)
        self._now = now
        self.told = 0
        """Facts that were committed here."""

    def save(self, thing: Saved | Ticket | Key | Owner) -> None:
        match thing:
            case Session():
                self._save_session(thing)
            case Shot():
                self._save_shot(thing)
            case ConsentRecord():
                self._insert(tables.CONSENTS, thing.id, thing, session_id=thing.session_id)
            case Likeness() | Variation():
                table = tables.LIKENESSES if isinstance(thing, Likeness) else tables.VARIATIONS
                at = utc(thing.created_at)
                self._upsert(table, thing.id, thing, session_id=thing.session_id, created=at)
            case Delivery():
                self._upsert(tables.DELIVERIES, thing.id, thing, session_id=thing.session_id)
            case OwnPlate():
                self._upsert(tables.PLATES, thing.id, thing, added=utc(thing.added_at))
            case Ticket() | Key() | Owner():
                self._save_door(thing)

    def add_copy(self, copy: Copy) -> None:
        statement = self._insert_into(tables.COPIES)
        row = {"sha256": copy.sha256, "mirror": copy.mirror, "body": dump(copy)}
        keys = ["sha256", "mirror"]
        self._connection.execute(
            statement.values(**row).on_conflict_do_update(index_elements=keys, set_={"body": row["body"]})
        )

    def drop_copy(self, copy: Copy) -> None:
        table = tables.COPIES
        same = (table.c.sha256 == copy.sha256) & (table.c.mirror == copy.mirror)
        self._connection.execute(delete(table).where(same))

    def drop_copies(self) -> None:
        self._connection.execute(delete(tables.COPIES))

    def mark_ours(self, sha256: str) -> None:
        statement = self._insert_into(tables.OURS).values(sha256=sha256)
        self._connection.execute(statement.on_conflict_do_nothing(index_elements=["sha256"]))

    def append(self, decision: Decision) -> None:
        row = {"session_id": decision.session_id, "body": dump(decision)}
        self._connection.execute(insert(tables.DECISIONS).values(**row))

    def commit(self, *facts: events.Fact) -> None:
        at = utc(self._now())
        for fact in facts:
            row = {"kind": type(fact).__name__, "body": dump(fact), "at": at, "dispatched": 0}
            self._connection.execute(insert(tables.OUTBOX).values(**row))
        self._connection.commit()
        self.told += len(facts)

    # -- the outbox

    def undispatched(self, limit: int) -> Sequence[OutboxEntry]:
        table = tables.OUTBOX
        query = select(table).where(table.c.dispatched == 0).order_by(table.c.seq).limit(limit)
        return [
            OutboxEntry(row.seq, load(getattr(events, row.kind), row.body), datetime.fromisoformat(row.at))
            for row in self._connection.execute(query)
        ]

    def mark_dispatched(self, seq: int) -> None:
        self._connection.execute(update(tables.OUTBOX).where(tables.OUTBOX.c.seq == seq).values(dispatched=1))

    # -- how

    def _save_session(self, session: Session) -> None:
        query = select(tables.SESSIONS.c.body).where(tables.SESSIONS.c.id == session.id)
        stored = self._maybe(Session, query)
        kept = session.reached(stored.stage) if stored else session  # a rank never falls
        self._upsert(tables.SESSIONS, kept.id, kept, stage=int(kept.stage), opened=utc(kept.opened_at))

    def _save_shot(self, shot: Shot) -> None:
        said = shot.capture.captured_at
        columns = {
            "session_id": shot.session_id,
            "release": shot.release or None,
            "spot": shot.spot or None,
            "captured": utc(shot.taken_at or said or shot.received_at),
            "taken": wall(said),
            "stem": stem_of(shot.original.path or shot.original.name)[:STEM],
            "clock_of": shot.capture.serial or None if shot.appeared_at else None,
            "clock_said": utc(said) if said else None,
        }
        self._upsert(tables.SHOTS, shot.id, shot, **columns)
        for file in shot.files:
            statement = self._insert_into(tables.FILES).values(sha256=file.sha256, shot_id=shot.id)
            self._connection.execute(statement.on_conflict_do_nothing(index_elements=["sha256"]))

    def _save_door(self, thing: Ticket | Key | Owner) -> None:
        match thing:
            case Ticket():
                self._upsert(tables.TICKETS, thing.id, thing, session_id=thing.session_id)
            case Key():
                self._upsert(tables.KEYS, thing.id, thing, secret_hash=thing.secret_hash)
            case Owner():
                self._upsert(tables.OWNERS, thing.id, thing)

    def _upsert(self, table: Table, key: str, thing: object, **columns: object) -> None:
        columns["body"] = dump(thing)
        statement = self._insert_into(table).values(id=key, **columns)
        self._connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=columns))

    def _insert(self, table: Table, key: str, thing: object, **columns: object) -> None:
        self._connection.execute(insert(table).values(id=key, body=dump(thing), **columns))

    def _insert_into(self, table: Table) -> Any:  # noqa: ANN401 - two dialects, one shape
        postgresql = self._connection.dialect.name == "postgresql"
        return postgresql_insert(table) if postgresql else sqlite_insert(table)


def open_engine(url: str) -> Engine:
    engine = create_engine(url, poolclass=NullPool)  # no connection outlives its work or crosses a fork
    if engine.dialect.name == "sqlite":
        _make_sqlite_safe(engine)
    return engine


def _make_sqlite_safe(engine: Engine) -> None:
    """Write-ahead log; what writes takes the write lock at its start, so that two never deadlock."""

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own class
        connection.isolation_level = None
        for pragma in ("busy_timeout=60000", "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        reads = bool(connection.get_execution_options().get(_READS))
        connection.exec_driver_sql(f"PRAGMA query_only={reads:d}")
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def opener(
    engine: Engine, now: Callable[[], datetime], after: Callable[[], object] = lambda: None
) -> Callable[[], AbstractContextManager[SqlWork]]:
    """What `Services.work` is; `after` runs when facts were committed and the transaction is over."""

    @contextmanager
    def work() -> Iterator[SqlWork]:
        with engine.connect() as connection, SqlWork(connection, now) as opened:
            yield opened
        if opened.told:
            after()

    return work


def reader(engine: Engine) -> Callable[[], AbstractContextManager[SqlReading]]:
    """What `Services.read` is: one moment of the store. It waits for no writer, and writes nothing."""
    options: dict[str, Any] = {_READS: True}
    if engine.dialect.name == "postgresql":
        options = {"postgresql_readonly": True, "isolation_level": "REPEATABLE READ"}

    @contextmanager
    def read() -> Iterator[SqlReading]:
        with engine.connect().execution_options(**options) as connection, SqlReading(connection) as seen:
            yield seen

    return read
