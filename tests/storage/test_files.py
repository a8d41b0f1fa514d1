from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio_server.domain.errors import NotFound
from studio_server.storage.blobs import FileBlobs, FileDerived
from studio_server.storage.folder import BesideRaw


@given(st.lists(st.binary(max_size=200), max_size=8))
def test_blobs_give_back_what_they_were_given(contents):
    with TemporaryDirectory() as root:
        blobs = FileBlobs(Path(root))
        refs = [blobs.put(BytesIO(content)) for content in contents]
        assert [blobs.read(ref.sha256) for ref in refs] == contents
        assert len({ref.sha256 for ref in refs}) == len(set(contents))
        assert list((Path(root) / "incoming").iterdir()) == []


@pytest.mark.parametrize("name", ["../../etc/passwd", "a" * 63, "A" * 64, "", "a" * 64 + "/x"])
def test_no_name_leads_out_of_the_store(tmp_path, name):
    with pytest.raises(NotFound):
        FileBlobs(tmp_path).path(name)
    with pytest.raises(NotFound):
        FileDerived(tmp_path).directory("../" + name)


def test_a_blob_cannot_be_written_to(tmp_path):
    blobs = FileBlobs(tmp_path)
    path = blobs.path(blobs.put_bytes(b"once").sha256)
    assert path.stat().st_mode & 0o222 == 0


def test_masters_lie_beside_their_raw_and_replace_nothing(tmp_path):
    hot = tmp_path / "hot"
    hot.mkdir()
    raw = str(hot / "A.NEF")
    folder = BesideRaw([hot])
    assert folder.lay_beside(raw, "A-studio.jpg", b"1") == str(hot / "A-studio.jpg")
    assert folder.lay_beside(raw, "A-studio.jpg", b"1") == str(hot / "A-studio.jpg")
    assert folder.lay_beside(raw, "A-studio.jpg", b"2") == str(hot / "A-studio-2.jpg")
    assert folder.lay_beside(str(tmp_path / "elsewhere" / "A.NEF"), "x.jpg", b"1") == ""
    assert folder.lay_beside(str(tmp_path / "A.NEF"), "x.jpg", b"1") == ""
    assert sorted(one.name for one in hot.iterdir()) == ["A-studio-2.jpg", "A-studio.jpg"]
