"""`studio mirror`, and what `studio doctor` says of the second place."""

import io

import pytest
from click.testing import CliRunner

from studio_server import bootstrap
from studio_server.cli import main
from studio_server.settings import Settings
from studio_server.workflow import ingest


@pytest.fixture
def studio(tmp_path, monkeypatch):
    """A studio of three shots, and a second place that is empty yet."""
    (tmp_path / "second").mkdir()
    settings = {"data_dir": tmp_path / "data", "redis_url": f"unix://{tmp_path}/no", "engines": "fake"}
    for name, value in settings.items():
        monkeypatch.setenv(f"STUDIO_{name.upper()}", str(value))
    built = bootstrap.build(Settings())
    bootstrap.prepare(built)
    for number in range(3):
        incoming = ingest.Incoming(f"{number}.NEF", "", "77", None, str(number))
        ingest.receive(built.services, incoming, io.BytesIO(bytes([number]) * 999))
    monkeypatch.setenv("STUDIO_MIRROR", str(tmp_path / "second"))
    return built


def say(*arguments):
    answer = CliRunner().invoke(main, arguments)
    return answer.exit_code, " ".join(answer.output.split())


def test_a_new_second_place_is_filled_and_then_verified(studio, tmp_path):
    code, said = say("mirror")
    assert (code, "Shots copied now: 3" in said) == (0, True)
    (copy,) = (tmp_path / "second").rglob("1.NEF")
    copy.write_bytes(b"damaged")
    code, said = say("mirror")
    assert code == 1
    assert "Copies read through and whole: 2" in said
    assert f"{copy.relative_to(tmp_path / 'second')} is gone or damaged" in said
    assert "Shots copied now: 1" in said
    code, said = say("mirror", "--no-verify")
    assert (code, "Shots copied now: 0" in said) == (0, True)


def test_another_disk_at_its_address_is_begun_only_where_it_is_said(studio, tmp_path):
    say("mirror")
    (tmp_path / "second").rename(tmp_path / "other")
    (tmp_path / "second").mkdir()
    code, said = say("mirror")
    assert (code, "studio mirror --begin" in said) == (3, True)
    code, said = say("mirror", "--begin")
    assert (code, "Shots copied now: 3" in said) == (0, True)
    code, said = say("mirror", "--begin")
    assert (code, "is a second place already" in said) == (1, True)


def test_the_doctor_says_whether_it_can_be_written(studio, tmp_path, monkeypatch):
    assert "second can be written, but on the same disk as the originals" in say("doctor")[1]
    (tmp_path / "second").rename(tmp_path / "other")
    code, said = say("doctor")
    assert (code, "Second place: MISSING" in said) == (3, True)
    monkeypatch.delenv("STUDIO_MIRROR")
    assert "Second place: none (STUDIO_MIRROR names one)" in say("doctor")[1]
    code, said = say("mirror")
    assert (code, "no second place. Set STUDIO_MIRROR" in said) == (1, True)
