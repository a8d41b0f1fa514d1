import pytest

from tethering.pace import Pace, rate


@pytest.mark.parametrize(
    ("text", "bytes_a_second"),
    [
        ("2M", 2 << 20),
        ("1.5m", 1.5 * (1 << 20)),
        ("500", 500 << 10),
        ("500KiB", 500 << 10),
        ("1MB", 1_000_000),
        ("20B", 20),
        ("0", 0),
    ],
)
def test_a_limit_is_written_as_for_rsync(text, bytes_a_second):
    assert rate(text) == bytes_a_second


@pytest.mark.parametrize("text", ["", "fast", "-1", "2X", "1,5M", "M"])
def test_what_is_no_limit_is_said_in_a_sentence(text):
    with pytest.raises(ValueError, match="is no limit: write bytes a second as 2M"):
        rate(text)


def test_what_was_not_used_is_not_saved_up():
    """After a pause as after a start: the line is never given more than its share at once."""
    now, waits = [0.0], []
    pace = Pace(1000, clock=lambda: now[0], sleep=waits.append)
    for _ in range(3):
        pace.wait(500)
    now[0] = 60.0
    for _ in range(3):
        pace.wait(500)
    assert waits == [0.5, 1.0, 0.5, 1.0]


def test_without_a_limit_nobody_waits():
    pace = Pace(0, sleep=lambda _seconds: pytest.fail("waited"))
    pace.wait(1 << 30)
