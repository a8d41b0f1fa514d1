"""Whatever the network or the server does, the catalog stays whole and the person is told what to do."""

import pytest
from studio_of_tests import KEY, half, hang_up, master, status

from studio_server.demo.lightroom import pull
from studio_server.demo.lightroom.runner import KEY_NAME, machine_for, pull_on


@pytest.fixture
def entry(studio, raw):
    return studio.deliver(raw(), master("red"))


@pytest.fixture
def two(studio, entry, raw):
    other = studio.deliver(raw("DSC_0002.NEF", captured="2026-11-20T10:31:00.00"), master("green"))
    other["parent"]["captured_at"] = "2026-11-20T10:31:00+01:00"
    return entry, other


def nothing_was_written(report, catalog):
    return (report.imported, report.changes, catalog.added) == (0, 0, [])


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("http://127.0.0.1:1", "cannot be reached: nothing listens there; is the server running?"),
        ("http://no-such-host.invalid:8000", "cannot be reached: there is no computer of this name"),
        ("ftp://127.0.0.1", "cannot be reached: the address is not a valid one"),
        ("https://127.0.0.1:1", "cannot be reached: nothing listens there"),
    ],
)
def test_a_server_that_cannot_be_reached_changes_nothing(entry, catalog, plugin, address, sentence):
    report = pull(address, KEY, catalog, plugin)
    assert nothing_was_written(report, catalog)
    assert sentence in report.dialogs[0][1]


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (hang_up, "it answered something that is no HTTP"),
        (status(401, b'{"error": "This key was revoked. Make a new one."}'), "This key was revoked."),
        (status(401, b"<html>Unauthorized</html>"), "The server does not accept the key."),
        (status(409, b'{"error": "The server is being updated."}'), "The server is being updated."),
        (status(500, b""), "The server answered with error 500."),
        (status(404, b"<html>"), "another program, or an older version"),
        (status(302, b"", {"Location": "http://127.0.0.1:1/"}.items()), "error 302"),
        (
            status(200, b"<html><body>Welcome to your router</body></html>"),
            "answered with a page instead of data",
        ),
        (status(200, b'{"cursor": "1", "deliveries": [{"id": "x"'), "answered with a page instead of data"),
        (status(200, b'{"cursor": "1", "more": false, "deliveries": {}}'), "has another form"),
        (status(200, b"[]"), "has another form"),
        (status(200, b'{"deliveries": ', {"Content-Length": "400"}.items()), "broke off in the middle"),
    ],
)
@pytest.mark.usefixtures("entry")
def test_a_bad_answer_to_the_first_question_changes_nothing(studio, machine, answer, sentence):
    studio.instead("/deliveries[?]", answer)
    report = pull_on(machine)
    assert nothing_was_written(report, machine.catalog)
    assert sentence in report.dialogs[0][1]
    assert report.dialogs[0][2] == "warning"


def test_a_wrong_key_is_told_in_the_servers_words(studio, catalog, plugin, entry):
    report = pull(studio.url, "another-key", catalog, plugin)
    assert nothing_was_written(report, catalog)
    assert report.dialogs[0][1] == "This key is unknown. Make a new one."


def test_too_many_tries_are_waited_for_as_long_as_the_server_asks(studio, machine, entry):
    studio.instead("/deliveries[?]", status(429, headers=[("Retry-After", "7")]), times=2)
    report = pull_on(machine)
    assert report.imported == 1
    assert report.waited == 14


def test_a_server_that_always_asks_to_wait_is_given_up(studio, machine, catalog, entry):
    studio.instead("/deliveries[?]", status(429, b"", [("Retry-After", "3600")]))
    report = pull_on(machine)
    assert nothing_was_written(report, catalog)
    assert report.waited == 120
    assert "too many tries" in report.dialogs[0][1]


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (half, "The connection broke off in the middle."),
        (hang_up, "it answered something that is no HTTP"),
        (status(200, b"<html>Please log in</html>"), "26 of"),
        (status(500, b'{"error": "The disk cannot be read."}'), "The disk cannot be read."),
        (status(409, b'{"error": "It is being made again."}'), "It is being made again."),
    ],
)
def test_a_file_that_does_not_come_whole_is_refused_and_comes_with_the_next_pull(
    studio, machine, two, answer, sentence
):
    entry, other = two
    studio.instead(f"{entry['id']}/file", answer, times=1)
    report = pull_on(machine)
    assert (report.imported, report.stacked, report.refused) == (1, 1, 1)
    assert sentence in next(line for line in report.lines if line.startswith("refused"))
    assert entry["id"] not in studio.acknowledged
    folder = machine.home.parent / "shoot"
    assert {path.name for path in folder.iterdir()} == {"DSC_0001.NEF", "DSC_0002.NEF", other["file"]}
    again = pull_on(machine)
    assert (again.imported, again.stacked, again.refused) == (1, 1, 0)
    assert set(studio.acknowledged) == {entry["id"], other["id"]}


def test_bytes_that_are_not_the_announced_picture_are_refused(studio, machine, catalog, entry):
    other = bytes(len(master("red")))
    studio.instead("/file", status(200, other, [("ETag", '"' + "a" * 64 + '"')]))
    report = pull_on(machine)
    assert nothing_was_written(report, catalog)
    assert "another picture than the one that it announced" in report.lines[0]


def test_an_erased_picture_is_reported_and_not_asked_for_again(studio, machine, catalog, entry):
    studio.instead("/file", status(410, b'{"error": "It was erased on request of the client."}'))
    report = pull_on(machine)
    assert nothing_was_written(report, catalog)
    assert report.lines[0].startswith("erased: ")
    studio.asked.clear()
    pull_on(machine)
    assert studio.asked == [("GET", "/api/v1/deliveries?since=1&limit=100")]


def test_an_acknowledgement_that_was_lost_is_sent_with_the_next_pull(studio, machine, entry):
    studio.instead("/ack", hang_up, times=1)
    assert pull_on(machine).imported == 1
    assert studio.acknowledged == {}
    again = pull_on(machine)
    assert (again.imported, again.changes) == (0, 0)
    assert set(studio.acknowledged) == {entry["id"]}


def test_a_server_that_goes_away_after_the_list_leaves_the_catalog_whole(studio, machine, catalog, entry):
    studio.instead("/file", hang_up)
    assert nothing_was_written(pull_on(machine), catalog)
    studio.answers.clear()
    assert pull_on(machine).imported == 1


def test_a_list_that_never_ends_is_not_followed_for_ever(studio, machine, catalog):
    studio.instead("/deliveries[?]", status(200, b'{"cursor": "same", "more": true, "deliveries": []}'))
    assert nothing_was_written(pull_on(machine), catalog)
    assert len(studio.asked) == 2


def test_the_key_is_sent_in_its_header_only(studio, catalog, plugin, tmp_path, entry):
    machine = machine_for(studio.url + "/", KEY, catalog, plugin, tmp_path / "home")
    report = pull_on(machine)
    assert report.imported == 1
    assert machine.passwords == {KEY_NAME: KEY}
    assert KEY not in str(machine.preferences) + str(machine.person.log) + str(studio.asked)
