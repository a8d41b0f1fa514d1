"""Content credentials: what is signed is whole; what is changed says so; who else signed is told apart."""

import io
from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import Image

from studio_server.domain.delivery import SourceType
from studio_server.domain.errors import BadInput
from studio_server.domain.provenance import Claim, Standing
from studio_server.imaging.provenance import read, sign
from studio_server.storage import identity
from studio_server.storage.identity import given_signer, own_signer

AT = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def signer(tmp_path_factory):
    return own_signer(tmp_path_factory.mktemp("studio") / "signing", "Studio Zoë & Søn", AT)


def picture(kind="JPEG", **more):
    noise = np.random.default_rng(3).integers(0, 255, (60, 40, 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(noise).resize((200, 300)).save(out, kind, **more)
    return out.getvalue()


def claim(source_type=SourceType.COMPOSITE, base="Studio starter base"):
    return Claim("DSC_1-studio-library-1.jpg", source_type, base, "DSC_1.NEF", "ab" * 32, AT)


def signed(signer, data=None, media_type="image/jpeg", **more):
    return sign(data or picture(), media_type, claim(**more), io.BytesIO(b"the RAW's own bytes"), signer)


def found(data, signer, name="A.JPG"):
    return read(io.BytesIO(data), name, signer)


def test_a_signed_picture_says_what_it_is_and_from_which_capture(signer):
    finding = found(signed(signer), signer)
    assert finding.standing is Standing.OURS
    assert finding.signed_by == "Studio Zoë & Søn"
    assert finding.source_type == "compositeWithTrainedAlgorithmicMedia"
    assert finding.base == "Studio starter base"
    assert finding.captures == ("DSC_1.NEF",)
    assert datetime.fromisoformat(finding.made_at) == AT
    assert finding.made_with.startswith("Studio Server")


def test_signing_changes_no_pixel(signer):
    before, after = (np.asarray(Image.open(io.BytesIO(one))) for one in (picture(), signed(signer)))
    assert (before == after).all()


@pytest.mark.parametrize(
    ("kind", "media_type", "name"),
    [
        ("TIFF", "image/tiff", "A.tif"),
        ("PNG", "image/png", "A.png"),
        ("WEBP", "image/webp", "A.webp"),
    ],
)
def test_every_format_of_a_rendition_can_be_signed(signer, kind, media_type, name):
    data = signed(signer, picture(kind), media_type)
    assert found(data, signer, name).standing is Standing.OURS
    assert Image.open(io.BytesIO(data)).size == (200, 300)


@pytest.mark.parametrize("share", [0.02, 0.5, 0.999])
def test_one_changed_byte_of_the_picture_is_found(signer, share):
    data = bytearray(signed(signer))
    scan = data.index(b"\xff\xda") + 14
    at = scan + int((len(data) - scan - 3) * share)
    data[at] ^= 0x01
    assert found(bytes(data), signer).standing is Standing.CHANGED


def test_a_changed_claim_is_found(signer):
    data = signed(signer).replace(
        b"compositeWithTrainedAlgorithmicMedia", b"digitalCapture______________________"
    )
    assert found(data, signer).standing is Standing.CHANGED


def test_what_was_never_signed_or_saved_anew_carries_none(signer):
    assert found(picture(), signer).standing is Standing.UNSIGNED
    again = io.BytesIO()
    Image.open(io.BytesIO(signed(signer))).save(again, "JPEG", quality=80)
    assert found(again.getvalue(), signer).standing is Standing.UNSIGNED


def test_a_renamed_picture_is_read_as_what_it_is(signer):
    assert found(signed(signer), signer, "A.PNG").standing is Standing.OURS


def test_a_damaged_picture_is_not_said_to_have_been_signed(signer):
    with pytest.raises(BadInput, match="is damaged"):
        found(picture()[:200], signer)
    assert found(signed(signer)[:-2000], signer).standing is Standing.CHANGED


def test_another_studio_is_told_apart_though_it_has_the_same_name(signer, tmp_path):
    another = own_signer(tmp_path / "signing", "Studio Zoë & Søn", AT)
    finding = found(signed(another), signer)
    assert (finding.standing, finding.intact) == (Standing.ANOTHERS, True)
    assert "cannot vouch" in finding.sentence


def test_a_whole_picture_was_learnt_from_its_capture(signer):
    data = signed(signer, source_type=SourceType.GENERATED)
    finding = found(data, signer)
    assert (finding.standing, finding.source_type) == (Standing.OURS, "trainedAlgorithmicMedia")
    assert b"inputTo" in data
    assert b"componentOf" not in data


def test_a_file_that_cannot_carry_credentials_is_refused_in_a_sentence(signer):
    with pytest.raises(BadInput, match="could not be signed"):
        signed(signer, b"no picture at all")
    with pytest.raises(BadInput, match="Send a JPEG"):
        found(b"", signer, "notes.docx")


def test_the_identity_is_made_once_and_its_key_is_nobody_elses_to_read(tmp_path):
    first = own_signer(tmp_path / "signing", "Studio", AT)
    assert own_signer(tmp_path / "signing", "Studio", AT).root == first.root
    assert (tmp_path / "signing" / "key.pem").stat().st_mode & 0o077 == 0
    assert found(signed(first), own_signer(tmp_path / "signing", "Renamed", AT)).standing is Standing.OURS


def test_of_two_processes_that_make_it_at_once_both_have_the_same(tmp_path, monkeypatch):
    folder = tmp_path / "signing"
    make = identity._make

    def second_comes_between(where, name, at):
        monkeypatch.setattr(identity, "_make", make)
        own_signer(where, "The other process", AT)
        make(where, name, at)

    monkeypatch.setattr(identity, "_make", second_comes_between)
    assert own_signer(folder, "Studio", AT).root == own_signer(folder, "Studio", AT).root
    assert [path.name for path in tmp_path.iterdir()] == ["signing"]


def test_a_key_of_another_certificate_is_refused(tmp_path):
    for name in ("one", "other"):
        own_signer(tmp_path / name, "Studio", AT)
    with pytest.raises(BadInput, match="does not belong"):
        given_signer(tmp_path / "one" / "certificate.pem", tmp_path / "other" / "key.pem")
    with pytest.raises(BadInput, match="cannot be used"):
        given_signer(tmp_path / "missing.pem", tmp_path / "one" / "key.pem")
