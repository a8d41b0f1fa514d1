"""One contract, two databases: real SQLite and a real PostgreSQL that the test starts for itself."""

import os
import shutil
import subprocess
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import inspect
from sqlalchemy.exc import DBAPIError

from studio_server.domain.delivery import Delivery, DeliveryId, Labels, Parent, SourceType
from studio_server.domain.errors import BadInput, NotFound
from studio_server.domain.events import ProofReady, ShotReceived
from studio_server.domain.plate import Certainty, Estimate, OwnPlate, PlateId, Side
from studio_server.domain.ports import Key, Ticket
from studio_server.domain.session import Session, SessionId, Stage
from studio_server.domain.shot import Capture, FileRole, Flag, Quality, Shot, ShotFile, ShotId
from studio_server.domain.variation import (
    Brief,
    Measure,
    Pass,
    Resemblance,
    Variation,
    VariationId,
)
from studio_server.storage.migrate import MIGRATIONS, migrate
from studio_server.storage.tables import METADATA
from studio_server.storage.unit_of_work import SqlWork, open_engine, opener, reader

NOW = datetime(2026, 11, 20, 10, 0, 0, 123456, tzinfo=UTC)
LOCAL = timezone(timedelta(hours=5, minutes=30))


@pytest.fixture(scope="module")
def postgresql():
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not binaries:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL is missing")
        pytest.skip("PostgreSQL is missing")
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if user:
        shutil.chown(folder, "postgres")

    def run(tool, *arguments):
        command = [*user, str(binaries[-1].with_name(tool)), "-D", str(folder / "data"), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")

    run("initdb", "-U", "studio", "-A", "trust", "--no-sync")
    run("pg_ctl", "-w", "-o", f"-c listen_addresses='' -k {folder} -c fsync=off", "start")
    yield f"postgresql+psycopg://studio@/postgres?host={folder}"
    run("pg_ctl", "-m", "immediate", "stop")
    shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, tmp_path):
    postgresql = request.param == "postgresql"
    url = request.getfixturevalue("postgresql") if postgresql else f"sqlite:///{tmp_path / 's.sqlite'}"
    made = open_engine(url)
    migrate(made)
    yield made
    migrate(made, "base")
    made.dispose()


@pytest.fixture
def work(engine):
    return opener(engine, lambda: NOW)


@pytest.fixture
def read(engine):
    return reader(engine)


SESSION = Session(SessionId("s1"), "Ada", ("library",), "B0D1", NOW)


def shot(number=1, session="s1", captured=NOW, **more):
    file = ShotFile(f"{number:064x}", FileRole.RAW, f"D{number}.NEF", f"/hot/D{number}.NEF", 10)
    capture = Capture(make="Nikon", captured_at=captured, iso=200)
    owner = SessionId(session) if session else None
    return Shot(ShotId(f"h{number}"), owner, f"r{number}", (file,), NOW, capture=capture, **more)


def saved(work, *things, facts=()):
    with work() as unit:
        for thing in things:
            unit.save(thing)
        unit.commit(*facts)


def test_values_come_back_as_they_went_in(work):
    taken = shot(captured=datetime(2026, 11, 20, 9, 0, 0, 70_000, tzinfo=LOCAL), flag=Flag.PICK)
    taken = type(taken)(**{**vars(taken), "quality": Quality(31.5, 0.4, 0.01, ("out of focus",))})
    judged = Resemblance(True, "Fine.", 0.1, 0.4, None, (Measure("rim", None, 3.0, True, "no backdrop"),))
    made = Variation(
        VariationId("v1"),
        SESSION.id,
        Brief(taken.id, "library", 7),
        Pass.FINAL,
        NOW,
        "a",
        "b",
        3,
        4,
        "S",
        judged,
    )
    labels = Labels(5, "green", ("A|B",), ("Studio", "Ada"))
    parent = Parent("a", "/x", "x", "B0D1", NOW)
    delivery = Delivery(
        DeliveryId("d1"),
        SESSION.id,
        made.id,
        taken.id,
        "n",
        "a",
        1,
        3,
        4,
        SourceType.COMPOSITE,
        labels,
        parent,
        NOW,
    )
    saved(work, SESSION, taken, made, delivery)
    with work() as unit:
        assert unit.session(SESSION.id) == SESSION
        assert unit.shot(taken.id) == taken
        assert unit.shot(taken.id).capture.captured_at.utcoffset() == timedelta(hours=5, minutes=30)
        assert unit.variations(SESSION.id) == [made]
        assert unit.delivery(delivery.id) == delivery


def test_what_is_not_committed_was_never_there(work):
    with work() as unit:
        unit.save(SESSION)
    with work() as unit, pytest.raises(NotFound):
        unit.session(SESSION.id)


def test_a_stage_never_falls(work):
    saved(work, SESSION.reached(Stage.VARIED))
    saved(work, SESSION)
    with work() as unit:
        assert unit.session(SESSION.id).stage is Stage.VARIED


def test_shots_come_in_the_order_of_capture_across_zones(work):
    early = shot(1, captured=NOW)
    late = shot(2, captured=(NOW + timedelta(minutes=1)).astimezone(LOCAL))
    saved(work, SESSION, late, early, shot(3, session=""))
    with work() as unit:
        assert [one.id for one in unit.shots(SESSION.id)] == ["h1", "h2"]
        assert [one.id for one in unit.shots(None)] == ["h3"]
        assert unit.shot_with_file(f"{2:064x}").id == "h2"
        assert unit.shot_of_release("r1").id == "h1"
        assert unit.shot_with_file("f" * 64) is None


def test_facts_leave_the_outbox_in_their_order_and_once(work):
    facts = [ShotReceived(ShotId("h1"), None), ProofReady(ShotId("h1"), SESSION.id)]
    saved(work, facts=facts)
    with work() as unit:
        entries = unit.undispatched(10)
        assert [entry.fact for entry in entries] == facts
        unit.mark_dispatched(entries[0].seq)
        unit.commit()
    with work() as unit:
        assert [entry.fact for entry in unit.undispatched(10)] == facts[1:]


def test_the_cursor_goes_on_where_it_was(work):
    labels, parent = Labels(5, "green", (), ()), Parent("a", "/x", "x", "", None)
    rows = [
        Delivery(
            DeliveryId(f"d{n}"), SESSION.id, VariationId("v"), ShotId("h"), "n", "a", 1, 3, 4,
            SourceType.COMPOSITE, labels, parent, NOW,
        )
        for n in range(3)
    ]  # fmt: skip
    saved(work, SESSION, *rows)
    with work() as unit:
        first, cursor = unit.deliveries_since("", 2)
        rest, end = unit.deliveries_since(cursor, 2)
        assert [one.id for one in (*first, *rest)] == ["d0", "d1", "d2"]
        assert unit.deliveries_since(end, 2) == ([], end)
        with pytest.raises(BadInput):
            unit.deliveries_since("'; drop table shots", 2)


def test_doors_and_our_own_files(work):
    ticket, key = Ticket("t1", SESSION.id, "x", NOW), Key("k1", "Lightroom", "h" * 64, NOW)
    saved(work, SESSION, ticket, key)
    with work() as unit:
        unit.mark_ours("a" * 64)
        unit.mark_ours("a" * 64)
        unit.commit()
    with work() as unit:
        assert unit.tickets(SESSION.id) == [ticket]
        assert unit.key_by_hash("h" * 64) == key
        assert unit.is_ours("a" * 64)
        assert not unit.is_ours("b" * 64)


def test_plates_come_back_in_the_order_in_which_they_came(work, read):
    guessed = Estimate(0.42, Certainty.GUESS, Side.LEFT, Certainty.FAIR, 5200, Certainty.FAIR, soft=False)
    names = ("own-lobby-000002", "own-bar-000001")
    first, second = (
        OwnPlate(
            PlateId(name), "Lobby", "Team page", "a" * 64, "b" * 64, 1600, 1200,
            NOW + timedelta(seconds=number), guessed, 0.4, Side.RIGHT, 5000,
        )
        for number, name in enumerate(names)
    )  # fmt: skip
    with work() as unit:
        unit.save(second)
        unit.save(first)
        unit.commit()
    gone = replace(first, removed_at=NOW, settled=True, soft=True, behind_m=2.5)
    with work() as unit:
        unit.save(gone)
        unit.commit()
    with read() as seen:
        assert seen.plates() == [gone, second]
        assert seen.plate(second.id) == second
        with pytest.raises(NotFound):
            seen.plate(PlateId("own-none-000000"))


def test_the_second_migration_goes_down_and_up_and_loses_no_session(engine, work):
    with work() as unit:
        unit.save(SESSION)
        unit.commit()
    for revision, there in (("0001", False), ("head", True)):
        with engine.begin() as connection:
            config = Config()
            config.set_main_option("script_location", str(MIGRATIONS))
            config.attributes["connection"] = connection
            (command.upgrade if there else command.downgrade)(config, revision)
        assert inspect(engine).has_table("plates") is there
        with work() as unit:
            assert unit.session(SESSION.id) == SESSION


def test_shots_are_found_by_their_moment_and_by_their_name_also_those_that_were_there_before(engine, work):
    old = shot(1, captured=datetime(2026, 11, 20, 9, 0, 0, 70_000, tzinfo=LOCAL))
    saved(work, SESSION, old, shot(2, captured=None))
    for revision, go in (("0002", command.downgrade), ("head", command.upgrade)):
        with engine.begin() as connection:
            config = Config()
            config.set_main_option("script_location", str(MIGRATIONS))
            config.attributes["connection"] = connection
            go(config, revision)
    with work() as unit:
        for moment in (datetime(2026, 11, 20, 9, 0, 0), datetime(2026, 11, 20, 9, 0, 0, tzinfo=UTC)):
            assert [one.id for one in unit.shots_like(moment, ())] == [old.id]
        assert [one.id for one in unit.shots_like(None, ("d2", "d"))] == ["h2"]
        assert [one.id for one in unit.shots_like(datetime(2026, 11, 20, 9, 0, 1), ("d3",))] == []


def test_the_migrations_make_exactly_the_tables(engine):
    migrate(engine, "base")
    migrate(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_a_reader_waits_for_no_writer_and_sees_one_moment(work, read):
    with work() as writing:
        writing.save(SESSION)
        with read() as before:  # the write lock is held now
            assert before.sessions() == []
            writing.commit()
            assert before.sessions() == []
    with read() as after:
        assert after.sessions() == [SESSION]


def test_a_reader_cannot_write(read):
    with read() as seen, pytest.raises(DBAPIError, match=r"readonly|read-only"):
        SqlWork(seen._connection, lambda: NOW).save(SESSION)  # as a mistake in a verb would
