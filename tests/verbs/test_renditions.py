"""A rendered TIFF or JPEG of a shot becomes its rendition, from whatever program and however it comes."""

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from exports import SERIAL, export
from PIL import Image
from verbs_help import jpeg, one_dng

from studio_server.domain.errors import Conflict, NotFound
from studio_server.domain.shot import Capture, FileRole, ShotState
from studio_server.domain.stroke import Stroke, StrokeKind
from studio_server.domain.variation import Pass
from studio_server.workflow import bringing, brushing, developing, ingest, layers, proofing, renditions, vary

AT = datetime(2026, 11, 20, 10, 5, 7, 250000, tzinfo=UTC)
RED, BLUE = (180, 60, 40), (40, 60, 180)


def send(house, data, name, at=AT, serial=SERIAL):
    """As the agent sends it."""
    release = bringing.release_of(Capture(serial=serial, captured_at=at), name, "/camera")
    incoming = ingest.Incoming(name, str(house.hot / name), serial, at, release)
    return ingest.receive(house.services, incoming, io.BytesIO(data))


def companion(colour=(90, 140, 90), at=AT, **more):
    return export(colour, "Ver.1.00", at, note=b"Maker\0of notes", **more)


def shown(house, shot_id):
    """The colour in the middle of the proof."""
    proof = Image.open(io.BytesIO(house.services.blobs.read(house.read("shot", shot_id).proof)))
    return proof.getpixel((proof.width // 2, proof.height // 2))


def near(one, other):
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) <= 3


def decisions(house, session):
    return [one.value for one in house.decisions(session.id) if one.verb == renditions.VERB]


@pytest.fixture
def session(house):
    return house.open()


@pytest.fixture
def shot(house, session):
    """A camera's JPEG, taken, developed and on the sheet."""
    receipt = send(house, companion(), "DSC_0001.JPG")
    house.run()
    return receipt.shot_id


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("DSC_0001.tif", {"kind": "TIFF"}),
        ("DSC_0001.jpg", {"program": "Adobe Photoshop Lightroom Classic 13.0 (Windows)"}),
        ("DSC_0001-2.tif", {"kind": "TIFF"}),
        ("DSC_0001-Edit.tif", {"kind": "TIFF", "program": ""}),
        ("DSC_0001 1.jpg", {}),
        ("DSC_0001_DxO.jpg", {"program": "DxO PhotoLab 7.2"}),
        ("DSC_0001.png", {"kind": "PNG", "program": ""}),
        ("Mary Somerville web.jpg", {}),
        ("DSC_0001-Edit.jpg", {"at": None, "program": "", "serial": ""}),
    ],
)
def test_an_export_is_the_rendition_of_its_shot_and_no_shot_of_its_own(house, session, shot, name, more):
    data = export(**{"at": AT, **more})
    assert send(house, data, name, at=more.get("at", AT)).shot_id == shot
    house.run()
    (one,) = house.read("shots", session.id)
    assert [file.role for file in one.files] == [FileRole.PICTURE, FileRole.RENDITION]
    assert (one.original.name, one.foreground.name) == ("DSC_0001.JPG", name)
    assert near(shown(house, shot), RED)
    assert decisions(house, session) == [one.rendition]


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("DSC_0002.jpg", {"at": AT + timedelta(seconds=4)}),
        ("DSC_0001-2.jpg", {"at": AT + timedelta(milliseconds=200)}),
        ("DSC_0001.jpg", {"at": AT, "serial": "OTHER"}),
        ("DSC_0001.jpg", {"at": AT, "model": "Other Camera"}),
        ("DSC_0001-studio-library-1.jpg", {"at": AT}),
    ],
)
def test_a_picture_of_another_shot_camera_or_moment_is_no_rendition_of_this_one(
    house, session, shot, name, more
):
    receipt = send(
        house, export(**more), name, more["at"], more.get("serial", SERIAL) + more.get("model", "")
    )
    house.run()
    assert receipt.shot_id != shot
    assert near(shown(house, shot), (90, 140, 90))
    assert house.read("shot", shot).renditions == ()


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_companion_of_the_camera_stays_one_whatever_comes_first(house, session, order, kind):
    """Some cameras write TIFF too: their note in it says so."""
    files = [(one_dng(), "STU_1.DNG"), (companion(model="", kind=kind), f"STU_1.{kind}")]
    for number in order:
        send(house, *files[number])
    (one,) = house.read("shots", session.id)
    assert {file.role for file in one.files} == {FileRole.RAW, FileRole.PICTURE}
    assert (one.rendition, one.foreground.name) == ("", "STU_1.DNG")


def test_a_picture_that_says_nothing_of_itself_stays_a_companion(house, session):
    send(house, one_dng(), "STU_1.DNG")
    send(house, jpeg(1), "STU_1.JPG")
    assert [file.role for file in house.read("shots", session.id)[0].files] == [
        FileRole.RAW,
        FileRole.PICTURE,
    ]


@pytest.mark.parametrize("name", ["DSC_0001.tif", "DSC_0001-Edit-3.tif"])
def test_a_rendition_that_comes_before_its_raw_waits_for_it(house, session, name):
    early = send(house, export(RED, at=AT, kind="TIFF", size=(1800, 2400)), name)
    house.run()
    assert house.read("shot", early.shot_id).state is ShotState.DEVELOPED
    late = send(house, companion(), "DSC_0001.JPG")
    beside = send(house, one_dng(), "DSC_0001.DNG")
    house.run()
    assert early.shot_id == late.shot_id == beside.shot_id
    (one,) = house.read("shots", session.id)
    assert (one.original.name, one.foreground.name) == ("DSC_0001.DNG", name)
    assert near(shown(house, one.id), RED)


def test_one_that_lay_unclaimed_is_taken_along_by_its_raw(house, session):
    early = send(house, export(at=AT, serial=""), "DSC_0001.jpg", serial="")
    assert early.session_id is None
    late = send(house, companion(), "DSC_0001.JPG")
    assert (late.shot_id, late.session_id) == (early.shot_id, session.id)


def test_an_export_of_no_shot_is_a_shot_of_its_own(house, session):
    receipt = send(house, export(at=AT), "Portrait.jpg")
    house.run()
    one = house.read("shot", receipt.shot_id)
    assert (one.session_id, one.state, one.original.role) == (
        session.id, ShotState.DEVELOPED, FileRole.RENDITION,
    )  # fmt: skip
    with pytest.raises(NotFound, match="no such rendition"):
        renditions.use(house.services, one.id, "", "photographer")


def test_the_newest_version_is_used_the_same_bytes_change_nothing_and_ours_can_be_had_back(
    house, session, shot
):
    for data in (export(RED, at=AT), export(BLUE, at=AT), export(BLUE, at=AT)):
        receipt = send(house, data, "DSC_0001-2.jpg")
        house.run()
    assert receipt.state == "known"
    old, new = house.read("shot", shot).renditions
    assert near(shown(house, shot), BLUE)
    for choice, colour in ((old.sha256, RED), ("", (90, 140, 90))):
        for _ in range(2):
            renditions.use(house.services, shot, choice, "photographer")
            house.run()
        assert near(shown(house, shot), colour)
    assert decisions(house, session) == [old.sha256, new.sha256, old.sha256, renditions.OURS]
    third = send(house, export((9, 9, 9), at=AT), "DSC_0001-3.jpg")
    house.run()
    assert third.shot_id == shot
    assert near(shown(house, shot), (9, 9, 9)), "what is exported later is the photographer's later word"


def test_a_rendition_that_cannot_be_read_is_kept_explained_and_not_used(house, session, shot):
    send(house, export(RED, at=AT), "DSC_0001-1.jpg")
    whole = export(BLUE, at=AT, size=(1200, 1600), kind="TIFF")
    send(house, whole[: len(whole) // 2], "DSC_0001-2.tif")
    house.run()
    one = house.read("shot", shot)
    assert (one.state, one.foreground.name) == (ShotState.DEVELOPED, "DSC_0001-1.jpg")
    assert one.renditions[1].fault.endswith(".")
    assert near(shown(house, shot), RED)


def test_an_export_for_a_screen_is_used_only_by_hand(house, session, shot):
    send(house, export(RED, at=AT, size=(150, 200)), "DSC_0001-web.jpg")
    house.run()
    (small,) = house.read("shot", shot).renditions
    assert "150 \N{MULTIPLICATION SIGN} 200" in small.fault
    assert near(shown(house, shot), (90, 140, 90))
    renditions.use(house.services, shot, small.sha256, "photographer")
    house.run()
    assert near(shown(house, shot), RED)


def test_a_raw_that_is_damaged_is_saved_by_its_rendition_and_a_crop_is_fine(house, session):
    data = one_dng()
    receipt = send(house, data[: len(data) * 2 // 3], "DSC_0001.DNG")
    house.run()
    assert house.read("shot", receipt.shot_id).state is ShotState.UNREADABLE
    send(house, export(RED, at=AT, model="", size=(3000, 3000)), "DSC_0001.jpg")
    house.run()
    one = house.read("shot", receipt.shot_id)
    assert (one.state, one.reason) == (ShotState.DEVELOPED, "")
    assert (one.capture.width, one.capture.height, one.capture.model) == (3000, 3000, "Twelve")


def fitted(house, session):
    shots = [send(house, companion(at=AT + timedelta(seconds=n)), f"DSC_{n}.JPG", AT + timedelta(seconds=n))
             for n in range(1, 4)]  # fmt: skip
    house.run()
    house.agree(session)
    house.pick(session, [one.shot_id for one in shots])
    return [one.shot_id for one in shots]


def test_picks_get_new_first_looks_and_variations_stand_on_the_rendition(house, session):
    first, *_ = fitted(house, session)

    def made(which):
        return [one for one in house.read("variations", session.id)
                if one.brief.shot_id == first and one.made_in is which]  # fmt: skip

    looks = made(Pass.PREVIEW)
    brushing.draw(house.services, first, Stroke.drawn(StrokeKind.KEEP, 0.1, [(0.1, 0.1)]))
    send(house, export(RED, at=AT + timedelta(seconds=1)), "DSC_1-2.jpg", AT + timedelta(seconds=1))
    assert "preview" in house.run()
    new = [one for one in made(Pass.PREVIEW) if one not in looks]
    sha = house.read("shot", first).rendition
    assert {one.brief.rendition for one in looks} == {""}
    assert len(new) == len(looks)
    assert {(one.brief.rendition, one.brief.brush) for one in new} == {(sha, "")}
    middle = Image.open(io.BytesIO(house.services.blobs.read(new[0].picture))).getpixel((300, 400))
    assert near(middle, RED)
    proofing.lock(house.services, session.id, "client")
    house.run()
    final = made(Pass.FINAL)[0]
    assert final.brief.rendition == sha
    renditions.use(house.services, first, "", "photographer")
    assert "vary" not in house.run()
    assert made(Pass.FINAL)[0] == final, "what was made stays"
    assert vary.same_again(house.services, final).cut.rendition_key.startswith(sha[:32])
    layers.want(house.services, final.id)
    house.run()
    assert house.read("variation", final.id).layers


def test_a_finished_session_is_delivered_as_it_is(house, session, shot):
    send(house, export(RED, at=AT), "DSC_0001-2.jpg")
    house.run()
    with house.services.work() as work:
        work.save(session.reached(4))
        work.commit()
    with pytest.raises(Conflict, match="has finished"):
        renditions.use(house.services, shot, "", "photographer")


def test_a_rendition_is_dropped_onto_the_page_of_its_session(house, session, shot):
    data = export(RED, at=AT, kind="TIFF")
    receipt = bringing.bring(house.services, session.id, "DSC_0001.tif", io.BytesIO(data), "photographer")
    house.run()
    assert receipt.shot_id == shot
    assert near(shown(house, shot), RED)
    other = house.open("Grace")
    elsewhere = export(BLUE, at=AT, kind="TIFF")
    brought = bringing.bring(
        house.services, other.id, "DSC_0001-2.tif", io.BytesIO(elsewhere), "photographer"
    )
    assert brought.session_id == other.id, "what is brought by hand stays in the session it was brought to"
    assert house.read("shot", shot).foreground.name == "DSC_0001.tif"


def test_a_proof_of_the_older_rendition_never_wins(house, session, shot, monkeypatch):
    """The newer one came while the older was being looked at."""
    send(house, export(RED, at=AT), "DSC_0001-1.jpg")
    look = developing.DECODER.look

    def interrupted(path, *seen):
        monkeypatch.setattr(developing.DECODER, "look", look)
        found = look(path, *seen)
        send(house, export(BLUE, at=AT), "DSC_0001-2.jpg")
        return replace(found)

    monkeypatch.setattr(developing.DECODER, "look", interrupted)
    developing.develop(house.services, shot)
    assert near(shown(house, shot), (90, 140, 90))
    house.run()
    assert near(shown(house, shot), BLUE)
