"""What RQ runs: one line per job."""

import logging
import signal
import sys
import threading
import time
from collections.abc import Callable
from functools import cache

from studio_server.bootstrap import Studio, build
from studio_server.domain.engines import Progress
from studio_server.domain.errors import Cancelled, StudioError, in_words
from studio_server.domain.likeness import LikenessId
from studio_server.domain.session import SessionId
from studio_server.domain.shot import ShotId
from studio_server.domain.variation import VariationId
from studio_server.imaging.decoder import DECODER
from studio_server.jobs.dispatch import VERBS, QueueName
from studio_server.jobs.forking import QUIET, wait_for_quiet
from studio_server.jobs.queue import work_on
from studio_server.settings import Settings
from studio_server.workflow import coaching, ingest
from studio_server.workflow import deliver as delivering
from studio_server.workflow import erase as erasing
from studio_server.workflow import layers as layering
from studio_server.workflow import train as training
from studio_server.workflow import vary as varying

log = logging.getLogger(__name__)

SWEEP_SECONDS = 2.0
MOST_DEATHS = 2
"""So often a process may die of one job before that job is left alone, for the sake of all others."""
DIED = (
    "The program that worked on this died in the middle of it. Nothing that was kept is lost, "
    "and it is taken up again by itself."
)
GIVEN_UP = (
    "The program that worked on this has died of it twice, so it is not tried again by itself. "
    "Nothing that was kept is lost. Start it again, and look into the server's log if it stops again."
)
ERASURE_SECONDS = 900.0


@cache
def studio() -> Studio:
    return build(Settings())


def develop(shot_id: str, job_id: str) -> None:
    with studio().services.read() as work:
        session_id = work.shot(ShotId(shot_id)).session_id
    _run(job_id, session_id, lambda _progress: ingest.develop(studio().services, ShotId(shot_id)), quiet=True)


def coach(shot_id: str, job_id: str) -> None:
    with studio().services.read() as work:
        session_id = work.shot(ShotId(shot_id)).session_id
    _run(job_id, session_id, lambda _progress: coaching.coach(studio().services, ShotId(shot_id)), quiet=True)


def preview(shot_id: str, job_id: str) -> None:
    with studio().services.read() as work:
        session_id = work.shot(ShotId(shot_id)).session_id
    _run(job_id, session_id, lambda progress: varying.preview(studio().services, ShotId(shot_id), progress))


def train(likeness_id: str, job_id: str) -> None:
    with studio().services.read() as work:
        session_id = work.likeness(LikenessId(likeness_id)).session_id
    if not _run(job_id, session_id, lambda p: training.train(studio().services, LikenessId(likeness_id), p)):
        training.give_up(studio().services, LikenessId(likeness_id), GIVEN_UP)


def vary(session_id: str, job_id: str) -> None:
    session = SessionId(session_id)
    _run(job_id, session, lambda progress: varying.vary(studio().services, session, progress))


def layers(variation_id: str, job_id: str) -> None:
    variation = VariationId(variation_id)
    with studio().services.read() as work:
        session_id = work.variation(variation).session_id
    _run(job_id, session_id, lambda progress: layering.make(studio().services, variation, progress))


def deliver(session_id: str, job_id: str) -> None:
    session = SessionId(session_id)
    _run(job_id, session, lambda progress: delivering.deliver(studio().services, session, progress))


def erase(session_id: str, job_id: str) -> None:
    def verb(_progress: Progress) -> None:
        for name in erasing.erase(studio().services, SessionId(session_id)):
            log.info("erased: %s", name)

    _run(job_id, SessionId(session_id), verb, quiet=True)


def _run(
    job_id: str, session_id: SessionId | None, verb: Callable[[Progress], None], *, quiet: bool = False
) -> bool:
    """Whatever starts ends finished, failed or cancelled, and says so on the page; then the next job runs.

    A `quiet` one says so only where it fails. False: it was not begun, for its process died of it before.
    """
    board = studio().board
    if board.begun(job_id) > MOST_DEATHS:
        board.progress(job_id, session_id).end("failed", GIVEN_UP)
        log.warning("%s: %s", job_id, GIVEN_UP)
        return False
    progress = board.unseen(job_id, session_id) if quiet else board.progress(job_id, session_id)
    try:
        verb(progress)
    except StudioError as error:
        progress.end("cancelled" if isinstance(error, Cancelled) else "failed", str(error))
        log.warning("%s: %s", job_id, error, exc_info=error.__cause__)
    except Exception as error:  # a bar that stands still for ever would be worse than any error
        progress.end("failed", in_words(error))
        log.exception("%s stopped", job_id)
    else:
        progress.end("finished")
    return True


def main(name: QueueName) -> None:
    logging.basicConfig(level=logging.INFO, format=f"{name} worker: %(message)s", stream=sys.stdout)
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C reaches the whole tree: the supervisor ends us in order
    _bury_the_dead(name)
    owed = studio().recover(name)
    DECODER.keep()  # before any job is forked: all of them use this one
    if owed:
        log.info("%d jobs taken up again", owed)
    if name == "cpu":
        studio().onlooker.warm()
        wait_for_quiet()
        threading.Thread(target=_sweep, daemon=True).start()
    if name == "engine":
        _warm()
    work_on(studio().redis, name, lambda: log.info("ready"))


def _bury_the_dead(name: QueueName) -> None:
    """At the start of the only worker of this kind: whatever is shown as running is not."""
    with studio().services.read() as work:
        sessions = [session.id for session in work.sessions()]
    for session_id in sessions:
        studio().board.bury(session_id, VERBS[name], DIED)


def _warm() -> None:
    """While the first shots are taken, so that the first pick need not wait for it."""
    try:
        studio().engines.warm()
    except StudioError as error:  # said again, on the page, by the first job that needs it
        log.warning("%s", error)


def _sweep() -> None:
    """Heal a crash between a commit and its queue; and erase what is past its days."""
    next_erasure = 0.0
    while True:
        time.sleep(SWEEP_SECONDS)
        with QUIET:
            studio().drain()
        if time.monotonic() >= next_erasure:
            next_erasure = time.monotonic() + ERASURE_SECONDS
            with QUIET:
                erasing.erase_due(studio().services)
