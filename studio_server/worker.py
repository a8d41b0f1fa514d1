"""What RQ runs: one line per job."""

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from functools import cache

from studio_server.bootstrap import Studio, build
from studio_server.domain.engines import Progress
from studio_server.domain.errors import Cancelled, StudioError, disk_is_full, in_words
from studio_server.domain.likeness import LikenessId
from studio_server.domain.session import SessionId
from studio_server.domain.shot import ShotId
from studio_server.domain.variation import VariationId
from studio_server.imaging.decoder import DECODER
from studio_server.jobs.dispatch import VERBS, QueueName
from studio_server.jobs.forking import QUIET, wait_for_quiet
from studio_server.jobs.queue import doubt, work_on
from studio_server.settings import Settings
from studio_server.workflow import coaching, developing, mirroring, uploading
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
TIDY_SECONDS = 10.0
ERASURE_SECONDS = 900.0
COPY_SECONDS, MOST_COPY_SECONDS = 15.0, 300.0
NICE = 10


@cache
def studio() -> Studio:
    return build(Settings())


def develop(shot_id: str, job_id: str) -> None:
    session_id = _session_of(ShotId(shot_id))
    _run(
        job_id,
        session_id,
        lambda _progress: developing.develop(studio().services, ShotId(shot_id)),
        quiet=True,
    )


def coach(shot_id: str, job_id: str) -> None:
    session_id = _session_of(ShotId(shot_id))
    _run(job_id, session_id, lambda _progress: coaching.coach(studio().services, ShotId(shot_id)), quiet=True)


def preview(shot_id: str, job_id: str) -> None:
    session_id = _session_of(ShotId(shot_id))
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


def mirror(shot_id: str, job_id: str) -> None:
    shot = ShotId(shot_id)
    _run(job_id, _session_of(shot), lambda _progress: mirroring.copy(studio().services, shot), quiet=True)


def _session_of(shot_id: ShotId) -> SessionId | None:
    with studio().services.read() as work:
        return work.shot(shot_id).session_id


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
        _take_up_later(error)
    except Exception as error:  # a bar that stands still for ever would be worse than any error
        progress.end("failed", in_words(error))
        log.exception("%s stopped", job_id)
        _take_up_later(error)
    else:
        progress.end("finished")
    return True


def _take_up_later(error: Exception) -> None:
    """What found the disk full is queued again when there is room: no page could start a shot of the tray."""
    if disk_is_full(error):
        doubt(studio().redis)


def main(name: QueueName) -> None:
    logging.basicConfig(level=logging.INFO, format=f"{name} worker: %(message)s", stream=sys.stdout)
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C reaches the whole tree: the supervisor ends us in order
    _bury_the_dead(name)
    if owed := studio().recover(name):
        log.info("%d jobs taken up again", owed)
    _BESIDE[name]()
    work_on(studio().redis, name, lambda: log.info("ready"))


def _beside_the_cpu() -> None:
    DECODER.keep()  # before any job is forked: all of them use this one
    studio().onlooker.warm()
    wait_for_quiet()
    threading.Thread(target=_sweep, daemon=True).start()


def _beside_the_engine() -> None:
    DECODER.keep()
    _warm()


def _beside_the_mirror() -> None:
    os.nice(NICE)  # a proof goes before a copy
    threading.Thread(target=_keep_copying, daemon=True).start()


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


def _keep_copying() -> None:
    """What the second place did not take is tried again, ever more seldom while nothing gets better."""
    pause, before = COPY_SECONDS, 0
    while True:
        time.sleep(pause)
        try:
            owed = studio().owe_copies()
        except (
            Exception
        ):  # a database or queue that does not answer now: without this thread nothing is retried
            log.exception("what is owed to the second place cannot be asked")
            continue
        pause = min(pause * 2, MOST_COPY_SECONDS) if owed >= before > 0 else COPY_SECONDS
        before = owed


def _sweep() -> None:
    """Heal a crash between a commit and its queue, and queues that were lost; erase what is past its days."""
    due = dict.fromkeys(CHORES, 0.0)
    while True:
        time.sleep(SWEEP_SECONDS)
        for chore, seconds in CHORES.items():
            if time.monotonic() >= due[chore]:
                due[chore] = time.monotonic() + seconds
                _do(chore)


def _do(chore: Callable[[], object]) -> None:
    try:
        with QUIET:
            chore()
    except Exception:  # a full disk, say: if this thread ended of it, nothing would be healed any more
        log.exception("This is tried again in a while")


def _top_up() -> None:
    if taken_up := studio().top_up():
        log.info("%d jobs taken up again", taken_up)


CHORES: dict[Callable[[], object], float] = {
    lambda: studio().drain(): SWEEP_SECONDS,
    _top_up: TIDY_SECONDS,
    lambda: studio().tidy(): TIDY_SECONDS,
    lambda: erasing.erase_due(studio().services): ERASURE_SECONDS,
    lambda: uploading.tidy(studio().services): ERASURE_SECONDS,
}
"""What the CPU worker does besides its jobs, and how often."""
_BESIDE: dict[QueueName, Callable[[], None]] = {
    "cpu": _beside_the_cpu,
    "engine": _beside_the_engine,
    "mirror": _beside_the_mirror,
}
