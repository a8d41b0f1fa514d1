"""Which RAW a master is stacked with: by path, else by instant and camera, else nobody guesses."""

import pytest
from studio_of_tests import KEY, master

from studio_server.demo.lightroom import pull
from studio_server.demo.lightroom.runner import pull_on


def stack(catalog, path):
    return [member.path for member in catalog.stack_of(catalog.at(path))]


def test_a_raw_that_was_renamed_and_moved_is_found_by_its_instant_and_camera(
    studio, machine, catalog, raw, tmp_path
):
    old = raw()
    laid = old.parent / "DSC_0001-studio-library-1.jpg"
    laid.write_bytes(master("red"))
    new = tmp_path / "sorted" / "2026-11-20 Zoë 17.NEF"
    new.parent.mkdir()
    catalog.move(catalog.at(old), old.rename(new))
    entry = studio.deliver(old, master("red"), laid_path=str(laid))
    report = pull_on(machine)
    assert (report.imported, report.stacked) == (1, 1), report.lines
    assert stack(catalog, new) == [str(new.parent / entry["file"]), str(new)]


def test_two_frames_of_one_second_are_told_apart_by_their_sub_seconds(studio, machine, catalog, raw):
    first = raw("A.NEF", captured="2026-11-20T10:30:15.25")
    second = raw("B.NEF", captured="2026-11-20T10:30:15.75")
    entry = studio.deliver(first.with_name("gone.NEF"), master("red"))
    entry["parent"]["captured_at"] = "2026-11-20T10:30:15.750000+01:00"
    pull_on(machine)
    assert len(stack(catalog, second)) == 2
    assert stack(catalog, first) == []


def test_two_cameras_in_one_instant_are_told_apart_by_their_serials(studio, machine, catalog, raw):
    raw("A.NEF", serial="777")
    ours = raw("B.NEF", serial="123456")
    studio.deliver(ours.with_name("gone.NEF"), master("red"))
    pull_on(machine)
    assert len(stack(catalog, ours)) == 2


def test_a_path_at_which_another_frame_lies_now_is_not_believed(studio, machine, catalog, raw):
    impostor = raw("DSC_0001.NEF", captured="2026-11-21T09:00:00.00")
    ours = raw("renamed.NEF")
    studio.deliver(impostor, master("red"))
    pull_on(machine)
    assert stack(catalog, impostor) == []
    assert len(stack(catalog, ours)) == 2


def test_the_raw_is_preferred_to_its_jpeg_companion(studio, machine, catalog, raw):
    raw("A.JPG")
    ours = raw("A.NEF")
    studio.deliver(ours.with_name("gone.NEF"), master("red"))
    pull_on(machine)
    assert len(stack(catalog, ours)) == 2


def test_a_raw_that_was_converted_to_dng_is_found(studio, machine, catalog, raw):
    ours = raw("20261120-001.dng")
    studio.deliver(ours.with_name("DSC_0001.NEF"), master("red"))
    assert pull_on(machine).stacked == 1


def test_a_dng_is_preferred_to_its_jpeg_companion(studio, machine, catalog, raw):
    raw("20261120-001.jpg")
    ours = raw("20261120-001.dng")
    studio.deliver(ours.with_name("DSC_0001.NEF"), master("red"))
    pull_on(machine)
    assert len(stack(catalog, ours)) == 2


def test_the_raw_itself_is_preferred_to_its_dng(studio, machine, catalog, raw):
    raw("A.dng")
    ours = raw("A.NEF")
    studio.deliver(ours.with_name("gone.NEF"), master("red"))
    pull_on(machine)
    assert len(stack(catalog, ours)) == 2


def test_of_two_equal_files_the_one_of_the_same_name_is_the_raw(studio, machine, catalog, raw):
    raw("A copy.NEF", folder="backup")
    ours = raw("A.NEF")
    studio.deliver(ours.parent.with_name("card") / "a.nef", master("red"))
    pull_on(machine)
    assert len(stack(catalog, ours)) == 2


def test_a_catalog_that_tells_time_by_another_zone_is_searched_a_day_around(studio, machine, catalog, raw):
    ours = raw("A.NEF", captured="2026-11-20T23:30:15.25Z")
    entry = studio.deliver(ours.with_name("gone.NEF"), master("red"))
    entry["parent"]["captured_at"] = "2026-11-21T00:30:15.250000+01:00"
    pull_on(machine)
    assert len(stack(catalog, ours)) == 2


def test_a_virtual_copy_of_a_renamed_raw_is_no_second_candidate(studio, machine, catalog, raw):
    ours = raw("A.NEF")
    catalog.make_virtual_copy(catalog.at(ours))
    studio.deliver(ours.with_name("gone.NEF"), master("red"))
    pull_on(machine)
    assert len(stack(catalog, ours)) == 2


def test_a_master_that_was_imported_by_hand_is_no_candidate_either(studio, machine, catalog, raw):
    folder = raw().parent
    catalog.remove(catalog.at(folder / "DSC_0001.NEF"))
    for number, colour in enumerate(("red", "green"), start=1):
        laid = folder / f"DSC_0001-studio-library-{number}.jpg"
        laid.write_bytes(master(colour))
        studio.deliver(folder / "DSC_0001.NEF", master(colour), laid_path=str(laid))
    catalog.import_capture(folder / "DSC_0001-studio-library-1.jpg", "2026-11-20T10:30:15.25", "0123456")
    report = pull_on(machine)
    assert [line.partition(":")[0] for line in report.lines] == ["completed", "added"]
    assert catalog.stacks == []


def test_a_master_never_becomes_the_parent_of_another(studio, machine, catalog, raw):
    ours = raw("A.jpg")
    first = studio.deliver(ours, master("red"))
    pull_on(machine)
    catalog.move(catalog.at(ours), ours.rename(ours.with_name("renamed.jpg")))
    second = studio.deliver(ours, master("green"))
    assert pull_on(machine).stacked == 1
    names = [first["file"], second["file"], "renamed.jpg"]
    assert sorted(stack(catalog, ours.with_name("renamed.jpg"))) == sorted(
        str(ours.with_name(name)) for name in names
    )


def test_a_virtual_copy_gives_way_to_its_master(studio, machine, catalog, raw):
    path = raw()
    photo = catalog.at(path)
    copy = catalog.make_virtual_copy(photo)
    catalog._by_path[str(path)] = copy.id
    studio.deliver(path, master("red"))
    assert pull_on(machine).stacked == 1
    assert catalog.stack_of(photo)
    assert not catalog.stack_of(copy)


@pytest.mark.parametrize("serial", ["0123456", ""])
def test_a_master_without_its_raw_is_added_without_a_stack_and_says_so(
    studio, catalog, plugin, tmp_path, serial
):
    (tmp_path / "shoot").mkdir()
    entry = studio.deliver(tmp_path / "shoot" / "DSC_0001.NEF", master("red"))
    entry["parent"]["camera_serial"] = serial
    report = pull(studio.url, KEY, catalog, plugin)
    assert (report.imported, report.stacked, report.refused) == (1, 0, 0)
    assert report.lines[0].startswith(f"added: {entry['file']} - its RAW DSC_0001.NEF was not found")
    assert catalog.at(tmp_path / "shoot" / entry["file"]).rating == 4
    again = pull(studio.url, KEY, catalog, plugin)
    assert (again.imported, again.changes) == (0, 0)


def test_nobody_guesses_between_two_photos_that_could_be_the_raw(studio, machine, catalog, raw):
    raw("A.NEF")
    second = raw("B.NEF")
    studio.deliver(second.with_name("gone.NEF"), master("red"))
    report = pull_on(machine)
    assert (report.imported, report.stacked) == (1, 0)
    assert "several photos could be its RAW gone.NEF" in report.lines[0]


def test_without_a_serial_the_name_has_to_agree_too(studio, machine, catalog, raw):
    raw("other.NEF", serial="")
    ours = raw("gone.NEF", folder="elsewhere", serial="")
    studio.deliver(ours.parent.with_name("shoot") / "gone.NEF", master("red"))
    pull_on(machine)
    assert len(stack(catalog, ours)) == 2


def test_without_raw_and_folder_the_master_goes_under_pictures(studio, machine, catalog, tmp_path):
    entry = studio.deliver(tmp_path / "no" / "such" / "DSC_0001.NEF", master("red"))
    entry["collection"] = ["Studio", "../Zoë: Müller?", "Library"]
    report = pull_on(machine)
    assert report.imported == 1, report.lines
    (photo,) = catalog.photos.values()
    assert photo.path == str(machine.home / "Pictures" / "Studio Server" / "_Zoë_ Müller_" / entry["file"])


@pytest.mark.parametrize(
    "folder", ["Fräulein Ærø", "with a space", "back\\slash", "日本 語", "100% + #1 & 'co'"]
)
def test_paths_with_accents_spaces_and_odd_characters(studio, machine, catalog, raw, folder):
    path = raw(folder.replace("\\", "") + " 1.NEF", folder=folder)
    entry = studio.deliver(path, master("red"), collection=["Studio", folder, "Library"])
    report = pull_on(machine)
    assert (report.imported, report.stacked, report.refused) == (1, 1, 0), report.lines
    assert studio.acknowledged[entry["id"]] == str(path.parent / entry["file"])
    assert pull_on(machine, "PullEverything.lua").changes == 0


def big_catalog(catalog, folder):
    """Ten thousand frames of one camera, three hundred to the day and some in the same minute."""
    frames = []
    for number in range(10_000):
        time = f"{8 + number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}.{number % 100:02}"
        frames.append((folder / f"DSC_{number:05}.NEF", f"2026-10-{1 + number % 31:02}T{time}"))
        catalog.import_capture(*frames[-1], "0123456")
    return frames


def test_a_big_catalog_gets_each_master_under_its_own_raw(studio, machine, catalog, tmp_path):
    shoot, moved = tmp_path / "shoot", tmp_path / "moved"
    shoot.mkdir()
    moved.mkdir()
    expected = {}
    for index, (path, captured) in enumerate(big_catalog(catalog, shoot)[::50]):
        entry = studio.deliver(path, master("red", size=(64 + index, 48)))
        entry["parent"]["captured_at"] = captured
        photo = catalog.at(path)
        if index % 2:
            catalog.move(photo, path.with_name(f"renamed {index}.NEF"))
        elif index % 4:
            catalog.move(photo, moved / path.name)
        expected[entry["sha256"]] = photo
    studio.page = 100
    report = pull_on(machine)
    assert (report.imported, report.stacked, report.refused) == (200, 200, 0)
    for sha256, photo in expected.items():
        members = catalog.stack_of(photo)
        assert [member.properties.get("studioSha256") for member in members] == [sha256, None]
    assert report.longest_turn < 1.0
    assert pull_on(machine, "PullEverything.lua").changes == 0
