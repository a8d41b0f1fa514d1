"""The tables. A row is what is asked for in a WHERE, and `body`: the value itself as JSON."""

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, MetaData, String, Table

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _table(name: str, *columns: Column[str] | Column[int]) -> Table:
    return Table(
        name,
        METADATA,
        Column("id", String(64), primary_key=True),
        *columns,
        Column("body", JSON, nullable=False),
    )


def _of_session(*, nullable: bool = False) -> Column[str]:
    return Column("session_id", String(64), ForeignKey("sessions.id"), nullable=nullable, index=True)


SESSIONS = _table(
    "sessions", Column("stage", Integer, nullable=False), Column("opened", String(40), nullable=False)
)
SHOTS = _table(
    "shots",
    _of_session(nullable=True),
    Column("release", String(64), nullable=True, unique=True),
    Column("spot", String(64), nullable=True, index=True),
    Column("captured", String(40), nullable=False),
    Column("clock_of", String(80), nullable=True),
    Column("clock_said", String(40), nullable=True),
    Column("taken", String(19), nullable=True, index=True),
    Column("stem", String(255), nullable=True, index=True),
)
Index("ix_shots_clock_of_clock_said", SHOTS.c.clock_of, SHOTS.c.clock_said)
FILES = Table(
    "files",
    METADATA,
    Column("sha256", String(64), primary_key=True),
    Column("shot_id", String(64), ForeignKey("shots.id"), nullable=False, index=True),
)
CONSENTS = Table(
    "consents",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String(64), nullable=False, unique=True),
    _of_session(),
    Column("body", JSON, nullable=False),
)
DECISIONS = Table(
    "decisions",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    _of_session(),
    Column("body", JSON, nullable=False),
)
LIKENESSES = _table("likenesses", _of_session(), Column("created", String(40), nullable=False))
VARIATIONS = _table("variations", _of_session(), Column("created", String(40), nullable=False))
DELIVERIES = Table(
    "deliveries",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String(64), nullable=False, unique=True),
    _of_session(),
    Column("body", JSON, nullable=False),
)
PLATES = _table("plates", Column("added", String(40), nullable=False))
OURS = Table("ours", METADATA, Column("sha256", String(64), primary_key=True))
COPIES = Table(
    "copies",
    METADATA,
    Column("sha256", String(64), primary_key=True),
    Column("mirror", String(64), primary_key=True),
    Column("body", JSON, nullable=False),
)
TICKETS = _table("tickets", _of_session())
KEYS = _table("keys", Column("secret_hash", String(64), nullable=False, unique=True))
OWNERS = _table("owners")
OUTBOX = Table(
    "outbox",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("kind", String(40), nullable=False),
    Column("body", JSON, nullable=False),
    Column("at", String(40), nullable=False),
    Column("dispatched", Integer, nullable=False, default=0),
)
Index("ix_outbox_dispatched_seq", OUTBOX.c.dispatched, OUTBOX.c.seq)
