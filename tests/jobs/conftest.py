"""A real Redis of our own, empty for each test, beside a real database."""

import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from redis import Redis

from studio_server.jobs import server
from studio_server.storage.migrate import migrate
from studio_server.storage.unit_of_work import open_engine, opener

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    socket = server.private_socket()
    process = subprocess.Popen(server.command(socket), stdout=subprocess.DEVNULL)
    url = f"unix://{socket}"
    server.wait_for(url, process)
    yield url
    process.terminate()
    process.wait(10)
    shutil.rmtree(socket.parent)


@pytest.fixture
def redis(redis_url) -> Iterator[Redis]:
    with Redis.from_url(redis_url) as client:
        client.flushall()
        yield client


@pytest.fixture
def dead_redis(tmp_path) -> Redis:
    return server.connect(f"unix://{tmp_path / 'nobody.sock'}")


@pytest.fixture
def work(tmp_path):
    database = open_engine(f"sqlite:///{tmp_path / 'studio.sqlite'}")
    migrate(database)
    return opener(database, lambda: NOW)
