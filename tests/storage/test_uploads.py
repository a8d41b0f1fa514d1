import fcntl
import hashlib
from io import BytesIO

import pytest

from studio_server.domain.errors import WrongOffset
from studio_server.storage import uploads
from studio_server.storage.blobs import FileBlobs
from studio_server.storage.uploads import FileUploads

DATA = b"a photograph in three parts"
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def blobs(tmp_path):
    return FileBlobs(tmp_path / "blobs")


@pytest.fixture
def store(tmp_path, blobs):
    return FileUploads(tmp_path / "uploads", blobs.adopt)


def test_parts_become_a_blob_and_leave_nothing_behind(tmp_path, store, blobs):
    for at in range(0, len(DATA), 10):
        assert store.offset(SHA256) == at
        store.append(SHA256, at, BytesIO(DATA[at : at + 10]))
    assert store.finish(SHA256, len(DATA)).size == len(DATA)
    assert blobs.read(SHA256) == DATA
    assert blobs.path(SHA256).stat().st_mode & 0o222 == 0
    assert list((tmp_path / "uploads").iterdir()) == []


def test_while_one_sender_writes_another_is_told_to_wait(store):
    class Slow(BytesIO):
        def read(self, size=-1):
            with pytest.raises(WrongOffset, match="Another sender"):
                store.append(SHA256, 0, BytesIO(b"theirs"))
            return super().read(size)

    assert store.append(SHA256, 0, Slow(DATA)) == len(DATA)
    assert store.finish(SHA256, len(DATA)).sha256 == SHA256


def test_a_sender_that_comes_as_the_file_is_finished_does_not_write_into_the_blob(store, blobs, monkeypatch):
    store.append(SHA256, 0, BytesIO(DATA))
    real = fcntl.flock

    def late(file, how):
        monkeypatch.setattr(uploads.fcntl, "flock", real)
        store.finish(SHA256, len(DATA))
        real(file, how)

    monkeypatch.setattr(uploads.fcntl, "flock", late)
    with pytest.raises(WrongOffset):
        store.append(SHA256, len(DATA), BytesIO(b" and what does not belong to it"))
    assert blobs.read(SHA256) == DATA


def test_a_part_that_breaks_off_is_kept_as_far_as_it_came(store):
    class Broken(BytesIO):
        def read(self, size=-1):
            if self.tell():
                raise ConnectionResetError
            return super().read(8)

    with pytest.raises(ConnectionResetError):
        store.append(SHA256, 0, Broken(DATA))
    assert store.offset(SHA256) == 8
    store.append(SHA256, 8, BytesIO(DATA[8:]))
    assert store.finish(SHA256, len(DATA)).sha256 == SHA256
