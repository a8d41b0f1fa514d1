import threading
import time

import pytest
from studio_stub import KEY, Stub

from tethering.agent import Agent, Options
from tethering.journal import Journal
from tethering.settle import Patience
from tethering.sink import Sink

QUICK = Patience(whole=0.03, unknown=0.3, cut=0.6, empty=0.8)


@pytest.fixture(autouse=True)
def _prompt(monkeypatch):
    """An idle agent that notices at once that it was told to stop."""
    monkeypatch.setattr("tethering.agent.IDLE_TICK", 0.05)


@pytest.fixture
def server():
    stub = Stub().start()
    yield stub
    stub.stop()


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "camera"
    made.mkdir()
    return made


@pytest.fixture
def outside(tmp_path):
    made = tmp_path / "outside"
    made.mkdir()
    return made


class Running:
    """An agent in a thread of its own, on a journal that outlives it."""

    def __init__(self, folder, journal, url, polling=False):
        self.folder = folder
        self.journal = Journal(journal)
        self.agent = Agent(Options(folder, polling, QUICK), self.journal, Sink(url, KEY))
        self.thread = threading.Thread(target=self.agent.run)
        self.thread.start()
        time.sleep(0.15)

    def stop(self):
        if self.thread.is_alive():
            self.agent.stop()
            self.thread.join()
            self.journal.close()


@pytest.fixture
def start(folder, tmp_path, server):
    """start(): the agent on `folder`, for `server`; every one is stopped at the end."""
    running = []

    def begin(**more):
        running.append(Running(folder, tmp_path / "journal.sqlite", server.url, **more))
        return running[-1]

    yield begin
    for each in running:
        each.stop()


@pytest.fixture
def eventually():
    def wait(condition, seconds=8.0):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if condition():
                return True
            time.sleep(0.02)
        return condition()

    return wait
