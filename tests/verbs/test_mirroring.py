"""The second place of the originals: real folders, a full one, one that goes away, one behind fsspec."""

import errno
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import fsspec
import pytest
from verbs_help import jpeg, later

from studio_server.domain.errors import Conflict
from studio_server.domain.events import CopyOwed
from studio_server.domain.mirror import Damaged, MirrorTrouble, place_of
from studio_server.domain.shot import Capture, FileRole, Shot, ShotFile
from studio_server.storage.mirror import PlaceMirror
from studio_server.storage.places import FolderPlace, place_at
from studio_server.workflow import consenting, mirroring, pages
from studio_server.workflow.erase import erase

SHOT_AT = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


@pytest.fixture
def second(tmp_path):
    made = tmp_path / "second"
    made.mkdir()
    return made


@pytest.fixture
def house(house, second, tmp_path):
    return with_mirror(house, str(second), tmp_path)


def with_mirror(house, address, folder):
    ids = count(1)
    mirror = PlaceMirror(place_at(address), folder / "lock", lambda: f"mirror-{next(ids)}")
    house.services = replace(house.services, mirror=mirror)
    return house


def files(second):
    """What lies in the second place beside its mark."""
    found = (path for path in second.rglob("*") if path.is_file() and path.name != "studio-mirror.json")
    return sorted(str(path.relative_to(second)) for path in found)


def page(house, session):
    return pages.session_page(house.services, session.id)


def owed(house):
    return [fact.shot_id for fact in mirroring.owed(house.services)]


def test_what_comes_in_lies_where_a_person_looks_for_it_and_can_be_checked_without_us(house, second):
    session = house.open()
    house.send(b"raw " * 9000, "DSC_0001.NEF", release="r1")
    house.send(jpeg(1), "DSC_0001.JPG", release="r1")
    house.send(b"<x:xmpmeta/>", "DSC_0001.XMP", release="r1")
    house.run()
    day = "2026-11-20/B0D1"
    assert files(second) == [f"{day}/DSC_0001.{kind}" for kind in ("JPG", "NEF", "XMP")] + [
        "2026-11-20/SHA256SUMS"
    ]
    assert (second / day / "DSC_0001.NEF").read_bytes() == b"raw " * 9000
    checked = subprocess.run(
        ["sha256sum", "-c", "SHA256SUMS"], cwd=second / "2026-11-20", check=False, capture_output=True
    )
    assert (checked.returncode, checked.stdout.count(b"OK")) == (0, 3)
    assert len(page(house, session).safe) == 1
    assert ("copy", {"shot": page(house, session).frames[0].shot.id}) in [
        (kind, data) for _, kind, data in house.board.published
    ]


def test_every_version_of_a_name_is_kept_and_none_is_written_over(house, second):
    house.open()
    house.send(b"half", "A.NEF", release="r1")
    house.run()
    house.send(b"half and whole", "A.NEF", release="r1")
    house.send(b"of the other card", "A.NEF", release="r2")
    house.run()
    day = second / "2026-11-20" / "B0D1"
    kept = {path.name: path.read_bytes() for path in day.iterdir()}
    assert kept == {"A.NEF": b"half", "A-2.NEF": b"half and whole", "A-3.NEF": b"of the other card"}


def test_a_file_of_somebody_else_in_the_second_place_stays_as_it_is(house, second):
    house.open()
    taken = second / "2026-11-20" / "B0D1" / "A.NEF"
    taken.parent.mkdir(parents=True)
    taken.write_bytes(b"the photographer's own")
    house.send(b"raw", "A.NEF")
    house.run()
    assert taken.read_bytes() == b"the photographer's own"
    assert taken.with_name("A-2.NEF").read_bytes() == b"raw"


def test_a_shot_is_safe_when_each_of_its_files_is(house, second, monkeypatch):
    session = house.open()
    house.send(b"raw", "A.NEF", release="r1")
    house.send(b"other", "B.NEF", release="r2")
    assert page(house, session).safe == frozenset()
    house.run()
    assert len(page(house, session).safe) == 2
    house.send(jpeg(1), "A.JPG", release="r1")
    assert len(page(house, session).safe) == 1
    house.run()
    assert len(page(house, session).safe) == 2


def test_without_a_second_place_nothing_is_said_or_owed(house):
    house.services = replace(house.services, mirror=None)
    session = house.open()
    house.send(jpeg(1), "A.JPG")
    assert "mirror" not in house.run()
    assert (page(house, session).safe, page(house, session).trouble) == (None, "")
    assert owed(house) == []
    with pytest.raises(Conflict, match="no second place"):
        mirroring.verify(house.services, house.board)


def test_while_it_is_away_the_intake_goes_on_and_when_it_is_back_nothing_is_lacking(house, second):
    session = house.open()
    house.send(b"first", "A.NEF", release="a")
    house.run()
    second.rename(second.with_name("unplugged"))
    house.send(jpeg(2), "B.JPG", release="b")
    assert sorted(house.run()) == ["coach", "develop", "mirror"]
    assert "takes no copies now" in page(house, session).trouble
    assert "Nothing is lost" in page(house, session).trouble
    assert pages.sessions_page(house.services).trouble
    assert len(page(house, session).safe) == 1
    assert owed(house) == []  # not to be tried while it is away …
    second.with_name("unplugged").rename(second)
    assert len(owed(house)) == 1  # … but not forgotten
    mirroring.copy(house.services, owed(house)[0])
    assert page(house, session).trouble == ""
    assert len(page(house, session).safe) == 2


def test_an_empty_mount_point_is_not_taken_for_the_second_place(house, second):
    house.open()
    house.send(b"first", "A.NEF", release="a")
    house.run()
    second.rename(second.with_name("unplugged"))
    second.mkdir()
    house.send(b"later", "B.NEF", release="b")
    house.run()
    assert "its disk may not be connected" in house.board.told("mirror")
    assert list(second.iterdir()) == []
    mirroring.begin(house.services)  # said by hand: this is a new one
    assert len(owed(house)) == 2
    assert mirroring.bring_up_to_date(house.services, house.board).shots == 2
    with pytest.raises(Conflict, match="second place already"):
        mirroring.begin(house.services)


def test_two_disks_that_take_turns_each_get_everything_and_nothing_is_sent_twice(house, second, monkeypatch):
    house.open()
    house.send(b"monday", "A.NEF", release="a")
    house.run()
    monday = second.rename(second.with_name("monday"))
    second.mkdir()
    mirroring.begin(house.services)
    house.send(b"tuesday", "B.NEF", release="b")
    mirroring.bring_up_to_date(house.services, house.board)
    assert files(second)[:2] == ["2026-11-20/B0D1/A.NEF", "2026-11-20/B0D1/B.NEF"]
    second.rename(second.with_name("tuesday"))
    monday.rename(second)
    written = []
    real = FolderPlace.put
    monkeypatch.setattr(FolderPlace, "put", lambda *a: (written.append(a[1]), real(*a)))
    mirroring.bring_up_to_date(house.services, house.board)
    assert [name for name in written if "list" not in name and "mark" not in name] == [
        f"2026-11-20/B0D1/.{hashlib.sha256(b'tuesday').hexdigest()[:16]}.part"
    ]
    assert owed(house) == []


@pytest.fixture
def small(tmp_path):
    """A disk of one megabyte."""
    made = tmp_path / "small"
    made.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "none", made], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("only root may mount a small disk")
    yield made
    subprocess.run(["umount", made], check=True)


def test_a_full_second_place_is_said_and_made_good_when_there_is_room(house, small, tmp_path):
    house = with_mirror(house, str(small), tmp_path)
    session = house.open()
    (small / "films").write_bytes(b"x" * 400_000)
    for number in range(4):
        house.send(os.urandom(200_000), f"{number}.NEF", release=str(number))
    house.run()
    said = page(house, session)
    assert "is full. Nothing is lost: make room there" in said.trouble
    assert 1 <= len(said.safe) < 4
    assert not [name for name in files(small) if "part" in name]
    (small / "films").unlink()
    assert mirroring.bring_up_to_date(house.services, house.board).shots == 4 - len(said.safe)
    assert page(house, session).trouble == ""
    assert len(page(house, session).safe) == 4


def test_a_disk_that_fills_up_anywhere_is_said(house, second, monkeypatch):
    session = house.open()
    house.send(b"raw", "A.NEF")
    full = OSError(errno.ENOSPC, "No space left on device")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", lambda _handle: (_ for _ in ()).throw(full))
        house.run()
    assert "is full" in page(house, session).trouble
    assert files(second) == []


def test_what_reads_back_differently_is_no_copy(house, second, monkeypatch):
    session = house.open()
    house.send(b"raw", "A.NEF", release="a")
    house.run()
    house.send(b"raw too", "B.NEF", release="b")
    real = FolderPlace.get
    with monkeypatch.context() as patch:
        patch.setattr(
            FolderPlace, "get", lambda self, name: (c.replace(b"raw", b"rot") for c in real(self, name))
        )
        house.run()
    assert "gives back other bytes than were written" in page(house, session).trouble
    assert "2026-11-20/B0D1/B.NEF" not in files(second)
    assert len(page(house, session).safe) == 1


def test_a_damaged_original_is_copied_nowhere_and_the_others_are(house, second):
    house.open()
    house.send(b"sound", "A.NEF", release="a")
    bad = house.send(b"damaged", "B.NEF", release="b")
    path = house.services.blobs.path(hashlib.sha256(b"damaged").hexdigest())
    path.chmod(0o644)
    path.write_bytes(b"DAMAGED")
    with pytest.raises(Damaged, match="own store is damaged"):
        mirroring.copy(house.services, bad.shot_id)
    brought = mirroring.bring_up_to_date(house.services, house.board)
    assert (brought.shots, len(brought.failed)) == (1, 1)
    assert files(second) == ["2026-11-20/B0D1/A.NEF", "2026-11-20/SHA256SUMS"]


def test_verify_finds_what_is_gone_or_damaged_and_a_good_copy_is_made_beside_it(house, second):
    session = house.open()
    for name in ("A", "B", "C"):
        house.send(name.encode() * 100, f"{name}.NEF", release=name)
    house.run()
    day = second / "2026-11-20" / "B0D1"
    (day / "A.NEF").write_bytes(b"A" * 99 + b"?")
    (day / "B.NEF").unlink()
    found = mirroring.verify(house.services, house.board)
    damaged_and_gone = ["2026-11-20/B0D1/A.NEF", "2026-11-20/B0D1/B.NEF"]
    assert (found.whole, sorted(found.bad)) == (1, damaged_and_gone)
    assert len(page(house, session).safe) == 1
    mirroring.bring_up_to_date(house.services, house.board)
    assert (day / "A.NEF").read_bytes()[-1:] == b"?"  # left to be looked at
    assert (day / "A-2.NEF").read_bytes() == b"A" * 100
    assert (day / "B.NEF").read_bytes() == b"B" * 100
    assert mirroring.verify(house.services, house.board).bad == ()
    checked = subprocess.run(
        ["sha256sum", "-c", "SHA256SUMS"], cwd=day.parent, check=False, capture_output=True
    )
    assert (checked.returncode, checked.stdout.count(b"OK")) == (0, 3)


def test_a_new_second_place_is_brought_up_to_date(house, second):
    house.services = replace(house.services, mirror=None)
    house.open()
    for number in range(5):
        house.send(bytes([number]) * 50, f"{number}.NEF", release=str(number))
    house.run()
    house = with_mirror(house, str(second), second.parent)
    assert mirroring.bring_up_to_date(house.services, house.board).shots == 5
    assert len(files(second)) == 6
    assert house.board.reports == 5


def test_nothing_is_lost_where_the_process_dies_between_the_copy_and_its_record(house, second, monkeypatch):
    house.open()
    receipt = house.send(b"raw", "A.NEF")

    def die(*_):
        os._exit(9)

    child = os.fork()
    if not child:
        monkeypatch.setattr("studio_server.storage.unit_of_work.SqlWork.add_copy", die)
        mirroring.copy(house.services, receipt.shot_id)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert (second / "2026-11-20" / "B0D1" / "A.NEF").read_bytes() == b"raw"
    assert owed(house) == [receipt.shot_id]
    mirroring.copy(house.services, receipt.shot_id)
    assert owed(house) == []
    assert files(second) == ["2026-11-20/B0D1/A.NEF", "2026-11-20/SHA256SUMS"]
    assert (second / "2026-11-20" / "SHA256SUMS").read_text().count("\n") == 1


def test_what_was_begun_when_the_process_died_is_written_over(house, second, monkeypatch):
    house.open()
    receipt = house.send(b"raw " * 100, "A.NEF")
    child = os.fork()
    if not child:
        monkeypatch.setattr(FolderPlace, "move", lambda *_: os._exit(9))
        house.services.mirror._place.put("studio-mirror.json", [json.dumps({"id": "m"}).encode()])
        mirroring.copy(house.services, receipt.shot_id)
    os.waitpid(child, 0)
    assert [name.endswith(".part") for name in files(second)] == [True]
    house.run()
    assert files(second) == ["2026-11-20/B0D1/A.NEF", "2026-11-20/SHA256SUMS"]


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_a_url_of_fsspec_is_a_second_place_too(house, tmp_path, kind):
    address = "memory://bucket/studio" if kind == "memory" else f"file://{tmp_path / 'second'}"
    house = with_mirror(house, address, tmp_path)
    session = house.open()
    house.send(b"raw", "A.NEF", release="a")
    house.send(b"other", "A.NEF", release="b")
    house.run()
    assert page(house, session).trouble == ""
    assert len(page(house, session).safe) == 2
    fs, root = fsspec.core.url_to_fs(address)
    assert fs.cat(f"{root}/2026-11-20/B0D1/A.NEF") == b"raw"
    assert fs.cat(f"{root}/2026-11-20/B0D1/A-2.NEF") == b"other"
    assert fs.cat(f"{root}/2026-11-20/SHA256SUMS").count(b"\n") == 2
    fs.pipe(f"{root}/2026-11-20/B0D1/A.NEF", b"rot")
    assert mirroring.verify(house.services, house.board).bad == ("2026-11-20/B0D1/A.NEF",)
    mirroring.bring_up_to_date(house.services, house.board)
    assert mirroring.verify(house.services, house.board).bad == ()
    if kind == "memory":
        fs.rm(root, recursive=True)


def test_a_store_that_does_not_answer_is_said_without_its_password(house, tmp_path, monkeypatch):
    house = with_mirror(house, "memory://ada:secret@bucket/studio", tmp_path)
    session = house.open()
    house.send(b"raw", "A.NEF")

    def refuse(*_args, **_more):
        raise RuntimeError("secret in here")

    monkeypatch.setattr("fsspec.implementations.memory.MemoryFileSystem._open", refuse)
    house.run()
    assert "memory://bucket/studio, takes no copies now (RuntimeError)" in page(house, session).trouble


def test_a_store_whose_library_is_not_here_is_named(house, tmp_path):
    if importlib.util.find_spec("s3fs"):
        pytest.skip("its library is here")
    with pytest.raises(MirrorTrouble, match="needs a library that is not here"):
        with_mirror(house, "s3://bucket/studio", tmp_path).services.mirror.id()


def test_the_record_of_an_erasure_says_that_copies_of_photographs_stay(house, second):
    session = house.open(days_kept=2)
    house.agree(session)
    house.pick(session, house.shoot(3))
    before = files(second)
    later(house, days=3)
    recorded = []
    real = type(house.services.work().__enter__()).append
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "studio_server.storage.unit_of_work.SqlWork.append",
            lambda self, decision: (recorded.append(decision), real(self, decision)),
        )
        assert erase(house.services, session.id)
    assert "photographs stay, 3 of their files also in the second place" in recorded[-1].value
    assert files(second) == before
    assert not [name for name in before if not name.endswith((".JPG", "SHA256SUMS"))]


def test_withdrawing_consent_leaves_photographs_in_both_places_alike(house, second):
    session = house.open()
    house.agree(session)
    house.shoot(2)
    before = files(second)
    consenting.withdraw(house.services, session.id, "client")
    house.run()
    assert files(second) == before
    assert len(page(house, session).safe) == 2


@pytest.mark.parametrize(
    ("name", "serial", "kept"),
    [
        ("DSC_0001.NEF", "B0D1", "2026-11-20/B0D1/DSC_0001.NEF"),
        ("..", "", "2026-11-20/camera/aaaaaaaaaaaa"),
        ("../../etc/passwd", "../x", "2026-11-20/_x/_.._etc_passwd"),
        ("a:b?.NEF", "1/2", "2026-11-20/1_2/a_b_.NEF"),
        ("a\nb.NEF", "", "2026-11-20/camera/a_b.NEF"),
        ("é" * 125 + ".NEF", "", "2026-11-20/camera/" + "é" * 88 + ".NEF"),
        ("caf\udce9.NEF", "", "2026-11-20/camera/caf?.NEF"),
    ],
)
def test_names_are_as_every_disk_takes_them_and_lead_nowhere(name, serial, kept):
    file = ShotFile("a" * 64, FileRole.RAW, name, "", 1)
    shot = Shot("h", None, "r", (file,), SHOT_AT, capture=Capture(serial=serial, captured_at=SHOT_AT))
    assert place_of(shot, file) == kept


def test_a_fact_is_told_only_where_there_is_a_second_place(house):
    house.open()
    house.send(b"raw", "A.NEF")
    with house.services.work() as work:
        assert [type(entry.fact) for entry in work.undispatched(9)][1:] == [CopyOwed]


def test_a_folder_knows_whether_it_is_on_the_disk_of_the_originals(second, small, tmp_path):
    here, there = (PlaceMirror(place_at(str(at)), tmp_path / "lock", lambda: "x") for at in (second, small))
    assert here.on_the_disk_of(Path(tmp_path))
    assert not there.on_the_disk_of(Path(tmp_path))
    here.probe()
    assert list(second.iterdir()) == []


def test_a_disk_that_is_exchanged_while_it_is_written_to_is_not_counted(house, second, monkeypatch):
    session = house.open()
    house.send(b"raw", "A.NEF")
    mirror, real = house.services.mirror, PlaceMirror.keep
    mirror.begin()

    def exchanged(*asked):
        path = real(*asked)
        mirror.begin()  # another id: as where the disk fell off and its mount point stayed
        return path

    with monkeypatch.context() as patch:
        patch.setattr(PlaceMirror, "keep", exchanged)
        house.run()
    assert "was exchanged while it was written to" in page(house, session).trouble
    assert page(house, session).safe == frozenset()
    assert len(owed(house)) == 1


def test_a_copy_is_read_back_from_the_disk_and_not_from_memory(tmp_path):
    def cached():
        asked = ["fincore", "--bytes", "--noheadings", "--output", "RES", str(tmp_path / "a")]
        return int(subprocess.run(asked, check=True, capture_output=True, text=True).stdout.split()[0])

    if not shutil.which("fincore"):
        pytest.skip("no fincore, which looks into the system's memory of files")
    place = FolderPlace(tmp_path)
    place.put("a", [b"x" * 4_000_000])
    if not cached():
        pytest.skip("this file system keeps nothing in memory")
    next(place.get("a"))
    assert cached() < 4_000_000
