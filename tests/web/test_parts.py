"""Large files in parts over a bad line: the real agent, the production server, and a line that is cut."""

import errno
import hashlib
import io
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta

import pytest
from client_rig import rig, served
from line import Line

from studio_server import bootstrap
from studio_server.settings import Settings
from studio_server.storage import uploads
from studio_server.web.app import WebSettings, create_app
from studio_server.workflow import doors, ingest, uploading
from tethering.courier import Courier, Outcome
from tethering.journal import Journal
from tethering.line import Away
from tethering.pace import Changed, Pace
from tethering.sink import Offer, Sink, sha256_of

pytestmark = pytest.mark.timeout(60)
SIZE = 12_000_000


class House:
    """A studio with one key and no session: what comes lies unclaimed."""

    def __init__(self, folder):
        self.rig = rig(folder)
        self.key = doors.make_key(self.rig.services, "Agent")
        self.app = create_app(
            self.rig.services, WebSettings(b"k" * 32, folder, "http://studio.test", "North")
        )


@pytest.fixture
def house(tmp_path):
    return House(tmp_path)


@pytest.fixture
def line(house):
    with served(house.app, house.rig.board) as port, Line(port) as made:
        yield made


@pytest.fixture
def raw(tmp_path):
    (tmp_path / "camera").mkdir()
    path = tmp_path / "camera" / "A.NEF"
    path.write_bytes(os.urandom(SIZE))
    return path


class Watcher:
    """A witness that does something once the server has kept so much."""

    def __init__(self, at=None, act=lambda: None):
        self.at, self.act, self.offsets, self.bytes = at, act, [], 0

    def sent(self, count):
        self.bytes += count

    def kept(self, offset):
        self.offsets.append(offset)
        if self.at is not None and offset >= self.at:
            self.at = None
            self.act()


def courier(raw, line, key):
    return Courier(
        raw.parent, Journal(raw.parent.parent / "j.sqlite"), Sink(line.url, key), threading.Event()
    )


def offer(path):
    stat = path.stat()
    return Offer(path, stat.st_size, stat.st_mtime_ns, sha256_of(path), "77", "", "")


def kept(house, raw):
    """The shot that this file has become, and that it is there byte for byte."""
    sha256 = sha256_of(raw)
    with house.rig.services.read() as seen:
        shot = seen.shot_with_file(sha256)
    assert house.rig.services.blobs.read(sha256) == raw.read_bytes()
    return shot


def waiting(house):
    return sorted((house.rig.services.blobs._root.parent / "uploads").iterdir())


def test_an_upload_that_breaks_at_80_percent_goes_on_from_there(house, line, raw, caplog):
    caplog.set_level("INFO")
    line.breaks_after = SIZE * 8 // 10
    assert courier(raw, line, house.key).deliver(raw) is Outcome.ANSWERED
    assert kept(house, raw).original.name == "A.NEF"
    assert line.breaks_after is None
    assert "A.NEF goes on from" in caplog.text
    assert line.carried < SIZE * 1.3  # sent anew it would have been 1.8
    assert waiting(house) == []


def test_a_line_that_breaks_again_and_again_is_never_given_up_while_it_gets_on(house, line, raw):
    tether = Courier(
        raw.parent, Journal(raw.parent.parent / "j"), Sink(line.url, house.key), threading.Event(), 2
    )
    raw.write_bytes(os.urandom(30_000_000))

    def cut_again():
        while not done.is_set():
            line.breaks_after = line.breaks_after or line.carried + 9_600_000
            time.sleep(0.005)

    done = threading.Event()
    cutter = threading.Thread(target=cut_again)
    cutter.start()
    try:
        assert tether.deliver(raw) is Outcome.ANSWERED
    finally:
        done.set()
        cutter.join()
    assert kept(house, raw)


def test_a_file_that_changes_between_its_parts_is_sent_as_what_it_is_then(house, line, raw):
    whole = os.urandom(SIZE)
    watcher = Watcher(1, lambda: raw.write_bytes(whole))
    with pytest.raises(Changed):
        Sink(line.url, house.key).offer(offer(raw), watcher)
    assert courier(raw, line, house.key).deliver(raw) is Outcome.ANSWERED
    assert raw.read_bytes() == whole
    assert kept(house, raw)


def test_bytes_that_are_not_the_announced_ones_are_dropped_and_begin_anew(house, line, raw):
    said = offer(raw)
    with raw.open("r+b") as file:
        file.seek(SIZE // 2)
        file.write(b"flipped")
    os.utime(raw, ns=(said.mtime_ns, said.mtime_ns))
    with pytest.raises(Away, match="arrived changed on its way"):
        Sink(line.url, house.key).offer(said, Watcher())
    assert waiting(house) == []
    assert not list(house.rig.services.blobs._root.rglob(said.sha256))
    assert courier(raw, line, house.key).deliver(raw) is Outcome.ANSWERED
    assert kept(house, raw)


def test_two_senders_of_one_file_help_each_other(house, line, raw):
    said, states = offer(raw), []

    def send():
        while True:
            try:
                states.append(Sink(line.url, house.key).offer(said, Watcher()).state)
            except Away:
                time.sleep(0.05)
            else:
                return

    senders = [threading.Thread(target=send) for _ in range(3)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert sorted(states) == ["known", "known", "received"]
    assert kept(house, raw)
    assert waiting(house) == []


def test_a_limit_holds_for_all_uploads_together(house, line, raw):
    """Counted, not timed: on a clock that stands still the last byte must wait for all before it."""
    waits = []
    pace = Pace(2 << 20, clock=lambda: 0.0, sleep=waits.append)
    other = raw.with_name("B.NEF")
    other.write_bytes(os.urandom(SIZE // 4))
    sink, said = Sink(line.url, house.key, pace), [offer(raw), offer(other)]
    senders = [threading.Thread(target=sink.offer, args=(one, Watcher())) for one in said]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert max(waits) == pytest.approx(SIZE * 1.25 / (2 << 20), rel=0.01)
    assert len(waits) > SIZE / 70_000  # in small sips, not in gulps


# the door


def part(house, data, sha256="", **headers):
    sha256 = sha256 or hashlib.sha256(data).hexdigest()
    usual = {"Upload-Offset": "0", "Upload-Complete": "?0", "Content-Type": "application/partial-upload"}
    usual |= {"Authorization": f"Bearer {house.key}", "X-Studio-Name": "A.NEF"}
    sent = usual | {name.replace("_", "-"): value for name, value in headers.items()}
    return house.app.test_client().patch(f"/api/v1/uploads/{sha256}", data=data, headers=sent)


def test_a_part_that_does_not_follow_is_told_where_to_go_on(house):
    sha256 = "ab" * 32
    first = part(house, b"0123456789", sha256)
    assert (first.status_code, first.headers["Upload-Offset"]) == (204, "10")
    for offset in ("0", "9", "11"):
        wrong = part(house, b"x", sha256, Upload_Offset=offset)
        assert (wrong.status_code, wrong.headers["Upload-Offset"]) == (409, "10")
        assert "Go on from byte 10" in wrong.get_json()["error"]
    nothing = part(house, b"x", "cd" * 32, Upload_Offset="5")
    assert (nothing.status_code, nothing.headers["Upload-Offset"]) == (409, "0")
    key = {"Authorization": f"Bearer {house.key}"}
    asked = house.app.test_client().head(f"/api/v1/uploads/{sha256}", headers=key)
    assert (asked.status_code, asked.headers["Upload-Offset"]) == (204, "10")
    assert asked.headers["Upload-Limit"] == f"max-size={uploading.MOST_BYTES}"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Upload_Offset": "-1"}, 400),
        ({"Upload_Offset": "1e3"}, 400),
        ({"Upload_Complete": "yes"}, 400),
        ({"Content_Type": "image/jpeg"}, 415),
        ({"X_Studio_Name": "notes.txt"}, 415),
        ({"Upload_Length": str(3 << 30)}, 413),
        ({"Upload_Offset": str(3 << 30)}, 413),
    ],
)
def test_what_is_no_part_of_a_photograph_is_refused_before_it_is_kept(house, headers, status):
    answer = part(house, b"data", **headers)
    assert answer.status_code == status
    assert answer.get_json()["error"].endswith(".")
    assert waiting(house) == []


@pytest.mark.parametrize("name", ["..", "..%2F..%2Fx", "A" * 64, "a" * 63, "a" * 65, "a" * 63 + "\n"])
def test_no_name_leads_out_of_the_folder_of_uploads(house, name):
    assert part(house, b"data", name).status_code in {404, 405}
    assert waiting(house) == []


def test_a_full_disk_is_said_and_what_was_kept_is_gone_on_with(house, monkeypatch):
    class Full(io.FileIO):
        def write(self, data):
            if self.tell() >= 10:
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().write(data[: 10 - self.tell()])

    data = b"a whole photograph"
    sha256 = hashlib.sha256(data).hexdigest()
    with monkeypatch.context() as patch:
        patch.setattr(uploads, "FileIO", Full)
        answer = part(house, data, sha256, Upload_Complete="?1")
    assert answer.status_code == 507
    assert "No space left on device. Free some space" in answer.get_json()["error"]
    rest = part(house, data[10:], sha256, Upload_Offset="10", Upload_Complete="?1")
    assert (rest.status_code, rest.get_json()["state"]) == (201, "received")
    assert house.rig.services.blobs.read(sha256) == data


def test_uploads_that_nobody_goes_on_with_are_removed_after_days(house):
    part(house, b"half", "ab" * 32)
    (path,) = waiting(house)
    os.utime(path, (house.rig.clock[0].timestamp(),) * 2)
    house.rig.clock[0] += timedelta(days=uploading.DAYS_KEPT - 1)
    assert uploading.tidy(house.rig.services) == 0
    house.rig.clock[0] += timedelta(days=2)
    assert uploading.tidy(house.rig.services) == 1
    assert waiting(house) == []


# whole processes, killed


@pytest.fixture
def studio(tmp_path):
    """A server in a process of its own, and agents for it; `kill` ends either as the power would."""
    made = Processes(tmp_path)
    yield made
    for process in made.running:
        if process.poll() is None:
            made.kill(process)


class Processes:
    def __init__(self, folder):
        with Line(1) as probe:  # a port that was free a moment ago
            port = probe.port
        self.settings = Settings(
            data_dir=folder / "data", port=port, host="127.0.0.1", redis_url="unix:///no"
        )
        self.built, self.running, self.folder = bootstrap.build(self.settings), [], folder
        bootstrap.prepare(self.built)
        self.key = doors.make_key(self.built.services, "Agent")

    def serve(self):
        return self._start(["studio_server", "serve"])

    def tether(self, camera, *more):
        command = ["tethering.cli", "--server", self.settings.local_url, "--folder", str(camera)]
        return self._start([*command, "--journal", str(self.folder / "j.sqlite"), *more])

    def _start(self, command):
        environment = self.settings.environment(STUDIO_TETHER_KEY=self.key)
        out = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        self.running.append(subprocess.Popen([sys.executable, "-m", *command], env=environment, **out))
        return self.running[-1]

    def kill(self, process):
        process.send_signal(signal.SIGKILL)
        return process.communicate()[0]

    def until_kept(self, sha256, count):
        self.until(lambda: self.built.services.uploads.offset(sha256) >= count)

    def until(self, so):
        end = time.monotonic() + 40
        while not so():
            assert time.monotonic() < end
            time.sleep(0.02)


def test_agent_and_server_may_be_killed_and_the_upload_goes_on(studio, raw):
    raw.write_bytes(os.urandom(SIZE // 2))
    sha256 = sha256_of(raw)
    server, agent = studio.serve(), studio.tether(raw.parent, "--limit", "6M")
    studio.until_kept(sha256, 1 << 20)
    studio.kill(agent)
    kept = studio.built.services.uploads.offset(sha256)
    agent = studio.tether(raw.parent, "--limit", "1M")
    studio.until_kept(sha256, kept + 1)
    studio.kill(server)
    studio.serve()
    studio.until(lambda: ingest.has_file(studio.built.services, sha256))
    agent.terminate()
    said, _ = agent.communicate(timeout=10)
    assert agent.returncode == 0, said
    assert f"goes on from {200 * kept / SIZE:.0f} %" in said
    assert "does not answer" in said
    assert "% of 6.0 MB, about" in said
    assert studio.built.services.blobs.read(sha256) == raw.read_bytes()
