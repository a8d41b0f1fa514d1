"""A child that is forked beside a thread at the database can write there itself."""

import subprocess
import sys

import pytest

PLAY = """
import os, sys, threading, time
from sqlalchemy import event, text
from studio_server.jobs.forking import QUIET, wait_for_quiet
from studio_server.storage.unit_of_work import open_engine

guarded, file = sys.argv[1] == "guarded", sys.argv[2]
engine = open_engine(f"sqlite:///{file}")
event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA busy_timeout=1500"))
with engine.begin() as connection:
    connection.execute(text("CREATE TABLE known (n INTEGER)"))
inside, over = threading.Event(), threading.Event()

def sweep():
    with QUIET, engine.begin() as connection:
        connection.execute(text("INSERT INTO known VALUES (1)"))
        inside.set()
        time.sleep(0.5)
    over.set()

if guarded:
    wait_for_quiet()
threading.Thread(target=sweep).start()
inside.wait()
child = os.fork()
if child == 0:
    try:
        with engine.begin() as connection:
            connection.execute(text("INSERT INTO known VALUES (2)"))
    except Exception as error:
        print(error, file=sys.stderr, flush=True)
        os._exit(3)
    os._exit(0)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.parametrize(("how", "code"), [("guarded", 0), ("unguarded", 3)])
def test_a_fork_waits_for_the_thread_that_is_at_the_database(tmp_path, how, code):
    command = [sys.executable, "-c", PLAY, how, str(tmp_path / "known.sqlite")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == code, ended.stderr
    assert ("database is locked" in ended.stderr) == (how == "unguarded")
