"""`studio verify FILE …`: for scripts and for whoever asks by telephone."""

import io
import json
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner
from PIL import Image

from studio_server.cli import main
from studio_server.domain.delivery import SourceType
from studio_server.domain.provenance import Claim
from studio_server.imaging.provenance import sign
from studio_server.storage.identity import own_signer

AT = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


@pytest.fixture
def ours(tmp_path, monkeypatch):
    monkeypatch.setenv("STUDIO_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("STUDIO_STUDIO_NAME", "Studio North")
    out = io.BytesIO()
    Image.effect_noise((80, 60), 50).convert("RGB").save(out, "JPEG")
    claim = Claim("A.jpg", SourceType.COMPOSITE, "Base", "DSC_1.NEF", "ab" * 32, AT)
    signer = own_signer(tmp_path / "data" / "signing", "Studio North", AT)
    path = tmp_path / "A.jpg"
    path.write_bytes(sign(out.getvalue(), "image/jpeg", claim, io.BytesIO(), signer))
    return path


def test_a_whole_picture_ends_well(ours, tmp_path):
    ended = CliRunner().invoke(main, ["verify", str(ours), "--json", str(tmp_path / "found.json")])
    assert ended.exit_code == 0, ended.output
    assert "A.jpg: This picture is signed by this studio" in " ".join(ended.output.split())
    (found,) = json.loads((tmp_path / "found.json").read_text())
    assert (found["standing"], found["captures"]) == ("ours", ["DSC_1.NEF"])


def test_of_several_one_that_was_changed_is_enough_to_end_badly(ours, tmp_path):
    changed = tmp_path / "B.jpg"
    changed.write_bytes(ours.read_bytes()[:-9] + b"\x01" + ours.read_bytes()[-8:])
    ended = CliRunner().invoke(main, ["verify", str(ours), str(changed)])
    assert ended.exit_code == 1
    assert "B.jpg: This picture was changed after it was signed" in " ".join(ended.output.split())


def test_who_only_asks_makes_no_identity(ours, tmp_path, monkeypatch):
    monkeypatch.setenv("STUDIO_DATA_DIR", str(tmp_path / "elsewhere"))
    ended = CliRunner().invoke(main, ["verify", str(ours)])
    assert "Studio North signed it" in " ".join(ended.output.split())
    assert not (tmp_path / "elsewhere").exists()


def test_what_is_no_picture_is_refused_in_a_sentence(ours, tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    ended = CliRunner().invoke(main, ["verify", str(tmp_path / "notes.txt")])
    assert ended.exit_code == 2
    assert "Send a JPEG" in " ".join(ended.output.split())
    assert ours.exists()
