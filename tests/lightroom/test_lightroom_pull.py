"""What a photographer gets from a pull, and what a second one must leave alone."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from studio_of_tests import KEY, master, status

from studio_server.demo.lightroom import Catalog, pull
from studio_server.demo.lightroom.photos import Refusal
from studio_server.demo.lightroom.runner import Lightroom, pull_on


def test_an_approved_master_is_added_stacked_above_its_raw_and_described(studio, catalog, raw, plugin):
    path = raw()
    entry = studio.deliver(path, master("red"))
    report = pull(studio.url, KEY, catalog, plugin)
    assert (report.imported, report.stacked, report.refused) == (1, 1, 0), report
    photo = catalog.at(path.parent / entry["file"])
    assert [member.path for member in catalog.stack_of(photo)] == [photo.path, str(path)]
    assert (photo.rating, photo.label, photo.caption) == (4, "green", entry["caption"])
    assert catalog.keyword_paths(photo) == {"Studio|AI composite", "Studio|Library"}
    assert catalog.collections_of(photo) == {"Studio / Zoë Müller / Library"}
    assert photo.properties == {
        "studioSha256": entry["sha256"],
        "studioKind": "ai",
        "studioContext": "Library",
        "studioBase": "starter",
        "studioResemblance": "0.310 of at most 0.600. Nothing was found.",
        "studioConsentUntil": "2026-12-20T00:00:00+00:00",
    }
    assert studio.acknowledged == {entry["id"]: photo.path}
    assert (path.parent / entry["file"]).read_bytes() == master("red")


def test_a_second_pull_changes_nothing(studio, catalog, raw, plugin):
    path = raw()
    for colour in ("red", "green", "blue"):
        studio.deliver(path, master(colour))
    first = pull(studio.url, KEY, catalog, plugin)
    assert (first.imported, first.stacked) == (3, 3), first
    files = sorted(path.parent.iterdir())
    second = pull(studio.url, KEY, catalog, plugin)
    assert (second.imported, second.changes, second.refused) == (0, 0, 0), second
    assert len(second.lines) == 3
    assert sorted(path.parent.iterdir()) == files


def test_a_master_that_was_laid_beside_its_raw_is_not_fetched_again(studio, catalog, raw, plugin):
    path = raw()
    laid = path.parent / "DSC_0001-studio-library-1.jpg"
    laid.write_bytes(master("red"))
    studio.deliver(path, master("red"), laid_path=str(laid))
    report = pull(studio.url, KEY, catalog, plugin)
    assert (report.imported, report.stacked) == (1, 1), report
    assert not [asked for asked in studio.asked if asked[1].endswith("/file")]


def test_the_cursor_is_kept_so_that_the_next_pull_asks_for_new_deliveries_only(studio, machine, catalog, raw):
    path = raw()
    studio.deliver(path, master("red"))
    assert pull_on(machine).imported == 1
    studio.deliver(path, master("green"))
    studio.asked.clear()
    assert pull_on(machine).imported == 1
    assert studio.asked[0] == ("GET", "/api/v1/deliveries?since=1&limit=100")
    assert pull_on(machine).dialogs[-1][0] == "Studio Server: There is nothing to do."


def test_what_the_photographer_changed_stays_as_it_is(studio, catalog, raw, plugin):
    path = raw()
    entry = studio.deliver(path, master("red"))
    pull(studio.url, KEY, catalog, plugin)
    photo = catalog.at(path.parent / entry["file"])
    photo.rating, photo.label, photo.caption, photo.keywords = 2, "red", "Mine.", set()
    catalog.stacks.clear()
    assert pull(studio.url, KEY, catalog, plugin).changes == 0
    assert (photo.rating, photo.label, photo.caption) == (2, "red", "Mine.")


def test_a_master_that_the_photographer_removed_comes_back_only_if_everything_is_pulled(
    studio, machine, catalog, raw
):
    path = raw()
    entry = studio.deliver(path, master("red"))
    pull_on(machine)
    catalog.remove(catalog.at(path.parent / entry["file"]))
    assert pull_on(machine).imported == 0
    studio.asked.clear()
    again = pull_on(machine, "PullEverything.lua")
    assert (again.imported, again.stacked) == (1, 1)
    assert not [asked for asked in studio.asked if asked[1].endswith("/file")]


def test_a_master_that_was_imported_by_hand_is_completed_and_keeps_what_it_has(studio, machine, catalog, raw):
    path = raw()
    laid = path.parent / "DSC_0001-studio-library-1.jpg"
    laid.write_bytes(master("red"))
    photo = catalog.import_capture(laid, "2026-11-20T10:30:15.25", "0123456")
    photo.rating, photo.label, photo.caption = 1, "red", "Mine."
    studio.deliver(path, master("red"), laid_path=str(laid))
    report = pull_on(machine)
    assert (report.imported, report.stacked, report.refused) == (0, 0, 0)
    assert report.lines[0].startswith("completed: ")
    assert (photo.rating, photo.label, photo.caption) == (1, "red", "Mine.")
    assert catalog.keyword_paths(photo) == {"Studio|AI composite", "Studio|Library"}
    assert photo.properties["studioKind"] == "ai"
    assert pull_on(machine, "PullEverything.lua").changes == 0


def test_a_picture_that_was_generated_as_a_whole_is_told_from_a_composite(studio, machine, catalog, raw):
    path = raw()
    entry = studio.deliver(path, master("red"), kind="generated")
    pull_on(machine)
    assert catalog.at(path.parent / entry["file"]).properties["studioKind"] == "generated"


def test_no_stars_and_no_label_are_left_unset(studio, machine, catalog, raw):
    path = raw()
    entry = studio.deliver(path, master("red"), rating=0, label="", keywords=[], collection=[])
    report = pull_on(machine)
    photo = catalog.at(path.parent / entry["file"])
    assert (report.imported, report.refused) == (1, 0)
    assert (photo.rating, photo.label, photo.keywords) == (None, "none", set())


def test_another_file_of_the_same_name_is_never_replaced(studio, machine, catalog, raw):
    path = raw()
    mine = path.parent / "DSC_0001-studio-library-1.jpg"
    mine.write_bytes(b"mine")
    entry = studio.deliver(path, master("red"), laid_path=str(mine))
    assert pull_on(machine).stacked == 1
    assert mine.read_bytes() == b"mine"
    assert studio.acknowledged[entry["id"]] == str(mine.with_stem(f"{mine.stem}-2"))
    assert pull_on(machine, "PullEverything.lua").changes == 0


def test_a_picture_under_another_name_whose_fields_are_missing_is_completed(studio, machine, catalog, raw):
    path = raw()
    (path.parent / "DSC_0001-studio-library-1.jpg").write_bytes(b"mine")
    studio.deliver(path, master("red"))
    catalog.busy = [False, False, False, False, True]
    assert pull_on(machine).refused == 1
    again = pull_on(machine)
    assert (again.imported, again.refused, len(catalog.added)) == (0, 0, 1)
    assert again.lines[0].startswith("completed: ")


def test_a_master_with_a_virtual_copy_is_known(studio, machine, catalog, raw):
    path = raw()
    entry = studio.deliver(path, master("red"))
    pull_on(machine)
    catalog.make_virtual_copy(catalog.at(path.parent / entry["file"]))
    assert pull_on(machine, "PullEverything.lua").changes == 0


def test_each_catalog_has_a_cursor_of_its_own(studio, machine, raw):
    studio.deliver(raw(), master("red"))
    pull_on(machine)
    machine.catalog = Catalog(path="/Pictures/Second.lrcat")
    report = pull_on(machine)
    assert studio.asked[-2] == ("GET", "/api/v1/deliveries?since=&limit=100")
    assert report.lines[0].startswith("added: ")


def test_two_pulls_at_once_are_one(studio, machine, catalog, raw):
    studio.deliver(raw(), master("red"))
    lightroom = Lightroom(machine)
    for _ in range(2):
        lightroom.sdk["run"]("PullApproved.lua")
    lightroom.finish()
    assert len(catalog.added) == 1
    titles = [title for title, _, _ in machine.person.dialogs]
    assert titles == ["Studio Server: a pull is running already", "Studio Server: 1 stacked."]
    lightroom.run("PullApproved.lua")
    assert machine.person.dialogs[-1][0] == "Studio Server: There is nothing to do."


def test_a_cursor_of_any_characters_comes_back_as_it_was_sent(studio, machine):
    cursors = []

    def answer(handler):
        cursors.extend(parse_qs(urlsplit(handler.path).query).get("since", []))
        handler.json({"cursor": "a+b/c=&?# é%", "more": False, "deliveries": []})

    studio.instead("/deliveries[?]", answer)
    pull_on(machine)
    pull_on(machine)
    assert cursors == ["a+b/c=&?# é%"]


def test_an_acknowledgement_of_an_erased_picture_is_not_repeated(studio, machine, raw):
    studio.deliver(raw(), master("red"))
    studio.instead("/ack", status(410))
    assert pull_on(machine).imported == 1
    studio.asked.clear()
    pull_on(machine)
    assert studio.asked == [("GET", "/api/v1/deliveries?since=1&limit=100")]


def test_a_folder_that_cannot_be_written_to_refuses_with_a_reason(studio, machine, catalog):
    path = Path("/proc/shoot/DSC_0001.NEF")
    catalog.import_capture(path, "2026-11-20T10:30:15.25", "0123456")
    studio.deliver(path, master("red"))
    report = pull_on(machine)
    assert (report.imported, report.refused, report.changes) == (0, 1, 0)
    assert "it could not be written to /proc/shoot" in report.lines[0]
    assert list((machine.home / "Temp").iterdir()) == []


def test_a_pull_that_is_cancelled_goes_on_with_the_next_one(studio, machine, catalog, raw):
    path = raw()
    for number in range(45):
        studio.deliver(path, master((5 * number, 255 - 5 * number, 0)))
    machine.person.cancel_after = 30
    report = pull_on(machine)
    assert 0 < report.imported < 45
    assert report.imported == len(report.lines) == len(studio.acknowledged)
    assert "You stopped it" in report.dialogs[0][0]
    machine.person.cancel_after = None
    again = pull_on(machine)
    assert (report.imported + again.imported, again.refused) == (45, 0)
    assert len(catalog.stack_of(catalog.at(path))) == 46


@pytest.mark.parametrize("gate", range(5))
def test_a_catalog_that_is_busy_at_any_gate_ends_as_if_it_had_not_been(studio, machine, catalog, raw, gate):
    """The gates are: three levels of keywords and collections, the additions, the descriptions."""
    path = raw()
    entry = studio.deliver(path, master("red"))
    catalog.busy = [number == gate for number in range(5)]
    report = pull_on(machine)
    assert report.refused == 1
    assert "the catalog was busy for 30 seconds" in report.dialogs[0][1]
    assert studio.acknowledged == {}
    again = pull_on(machine)
    photo = catalog.at(path.parent / entry["file"])
    assert (again.refused, len(catalog.added), len(catalog.stack_of(photo))) == (0, 1, 2)
    assert (photo.rating, photo.label, photo.caption) == (4, "green", entry["caption"])
    assert catalog.keyword_paths(photo) == {"Studio|AI composite", "Studio|Library"}
    assert catalog.collections_of(photo) == {"Studio / Zoë Müller / Library"}
    assert photo.properties["studioSha256"] == entry["sha256"]
    assert studio.acknowledged == {entry["id"]: photo.path}


def test_a_file_that_lightroom_cannot_read_does_not_stop_the_others(studio, machine, raw):
    path = raw()
    studio.deliver(path, b"no picture at all")
    studio.deliver(path, master("red"))
    report = pull_on(machine)
    assert (report.imported, report.stacked, report.refused) == (1, 1, 1)
    assert "Lightroom refused the file" in next(line for line in report.lines if line.startswith("refused"))


def test_a_keyword_that_lightroom_refuses_is_reported_and_the_picture_kept(studio, machine, catalog, raw):
    path = raw()
    entry = studio.deliver(path, master("red"), keywords=["Studio|AI composite", " |x", "one, two; three"])
    report = pull_on(machine)
    assert (report.imported, report.refused) == (1, 0)
    assert "one of its keywords or its collection could not be made" in report.lines[0]
    photo = catalog.at(path.parent / entry["file"])
    assert catalog.keyword_paths(photo) == {"Studio|AI composite", "one  two  three"}


def test_a_picture_that_cannot_be_described_is_refused_and_completed_later(
    studio, machine, catalog, raw, monkeypatch
):
    def refuse(shelf, photo):
        raise Refusal("addPhotos: this is a smart collection")

    studio.deliver(raw(), master("red"))
    with monkeypatch.context() as patch:
        patch.setattr(catalog, "put_on_shelf", refuse)
        report = pull_on(machine)
    assert (report.imported, report.refused) == (1, 1)
    assert "this is a smart collection" in report.lines[0]
    assert studio.acknowledged == {}
    again = pull_on(machine)
    assert (again.imported, again.refused, len(studio.acknowledged)) == (0, 0, 1)


def test_a_collection_whose_name_is_taken_is_reported_and_the_picture_kept(studio, machine, catalog, raw):
    path = raw()
    catalog.shelf("LrCollection", "Studio", None, return_prior=False)
    studio.deliver(path, master("red"))
    report = pull_on(machine)
    assert (report.imported, report.stacked) == (1, 1)
    assert "its collection could not be made" in report.lines[0]
    assert [shelf.name for shelf in catalog.shelves.values()] == ["Studio"]


def test_a_long_sentence_is_cut_between_two_characters(studio, machine, catalog, raw):
    path = raw()
    entry = studio.deliver(path, master("red"), base="é" * 400)
    assert pull_on(machine).imported == 1
    assert catalog.at(path.parent / entry["file"]).properties["studioBase"] == "é" * 255


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"file": "../../evil.jpg"}, "a file name that cannot be used"),
        ({"file": "..\\evil.jpg"}, "a file name that cannot be used"),
        ({"file": ".hidden.jpg"}, "a file name that cannot be used"),
        ({"file": None}, "a file name that cannot be used"),
        ({"id": 7}, "without an id"),
        ({"sha256": "not hex"}, "without a fingerprint"),
        ({"size": "12"}, "without a size"),
        ({"parent": None}, "without its parent shot"),
        ({"parent": {"path": 7}}, "whose path is of another form"),
        ({"keywords": "Studio"}, "whose keywords is of another form"),
        ({"laid_path": 7}, "whose laid_path is of another form"),
    ],
)
def test_a_delivery_of_another_form_is_refused_alone(studio, machine, raw, changes, sentence):
    path = raw()
    studio.deliver(path, master("red"))
    studio.deliveries[0].update(changes)
    studio.deliver(path, master("green"))
    report = pull_on(machine)
    assert (report.imported, report.stacked, report.refused) == (1, 1, 1)
    assert sentence in next(line for line in report.lines if line.startswith("refused"))
