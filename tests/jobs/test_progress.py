"""Progress and live events on a real Redis, and without one."""

from itertools import islice

import pytest

from studio_server.domain.session import SessionId
from studio_server.jobs import progress as board_module
from studio_server.jobs.progress import RedisBoard

ADA, GRACE = SessionId("ada"), SessionId("grace")


@pytest.fixture
def board(redis):
    return RedisBoard(lambda: redis)


def heard(board, session, last, how_many):
    return [(kind, data) for _, kind, data in islice(board.listen(session, last), how_many)]


def test_a_job_is_seen_on_its_session_from_start_to_end(board):
    progress = board.progress("train-1", ADA)
    assert [job.text for job in board.jobs(ADA)] == ["Starting"]
    progress.report(1, 4, "Fitting: step 1 of 4")
    progress.report(4, 4, "Fitting: step 4 of 4")
    assert board.job("train-1").done == 4
    progress.end("finished")
    assert [job.state for job in board.jobs(ADA)] == ["finished"]
    assert board.jobs(GRACE) == []


def test_a_failed_job_never_stands_at_the_end_of_its_bar(board):
    progress = board.progress("train-1", ADA)
    progress.report(4, 4, "Fitting: step 4 of 4")
    progress.end("failed", "The disk is full.")
    job = board.job("train-1")
    assert (job.state, job.reason, job.text) == ("failed", "The disk is full.", "The disk is full.")
    assert job.done < job.total


def test_somebody_else_may_cancel_and_the_next_run_begins_afresh(board):
    progress = board.progress("train-1", ADA)
    assert not progress.cancelled()
    board.cancel("train-1")
    assert progress.cancelled()
    assert not board.progress("train-2", ADA).cancelled()
    assert not board.progress("train-1", ADA).cancelled()


def test_a_page_that_comes_back_hears_what_it_missed(board):
    for n in range(4):
        board.publish(ADA, "shot", {"n": n})
    events = list(islice(board.listen(ADA, "0-0"), 4))
    seen_two = events[1][0]
    assert [data["n"] for _, data in heard(board, ADA, seen_two, 2)] == [2, 3]


def test_a_session_hears_itself_alone_and_the_desk_hears_all(board):
    board.publish(ADA, "shot", {"n": 1})
    board.publish(GRACE, "shot", {"n": 2})
    board.publish(None, "shot", {"n": 3})
    board.publish(ADA, "flag", {"n": 4})
    assert heard(board, ADA, "0-0", 2) == [
        ("shot", {"n": 1, "session": "ada"}),
        ("flag", {"n": 4, "session": "ada"}),
    ]
    assert [data["n"] for _, data in heard(board, None, "0-0", 4)] == [1, 2, 3, 4]


def test_where_nothing_happens_a_ping_does(board, monkeypatch):
    monkeypatch.setattr(board_module, "HEARTBEAT_MS", 20)
    board.publish(ADA, "shot", {"n": 1})
    assert heard(board, ADA, "", 1) == [("ping", {})]


def test_events_do_not_pile_up(board, redis):
    for n in range(board_module.KEPT_EVENTS + 500):
        board.publish(ADA, "shot", {"n": n})
    assert redis.xlen("studio:live:ada") <= board_module.KEPT_EVENTS + 200


def test_without_redis_the_business_goes_on(dead_redis):
    board = RedisBoard(lambda: dead_redis)
    board.publish(ADA, "shot", {"n": 1})
    progress = board.progress("train-1", ADA)
    progress.report(1, 2, "Half")
    assert not progress.cancelled()
    progress.end("finished")
    assert (board.job("train-1"), board.jobs(ADA)) == (None, [])
    assert heard(board, ADA, "", 1) == [("ping", {})]
