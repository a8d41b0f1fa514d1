import json
import shutil

import pytest
from tiny_families import MAKERS, write

from studio_server.domain.errors import BadInput, EngineUnavailable, NotAllowed, NotFound
from studio_server.engines.added import AddedBases, variant_of
from studio_server.engines.adding import Wish, add_folder
from studio_server.engines.bases import load_base


def silent(*_):
    """No bar."""


@pytest.fixture(scope="module", params=[name for name in MAKERS if name != "starter"])
def family(request):
    return request.param


@pytest.fixture(scope="module")
def folder(family, tmp_path_factory):
    folder = write(family, tmp_path_factory.mktemp(family))
    (folder / "studio.json").unlink()  # as the hub has it: nothing in it knows of us
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n# A base\n")
    return folder


@pytest.fixture
def bases(tmp_path):
    return AddedBases(tmp_path / "shelf")


def test_a_local_folder_is_recognised_kept_and_loaded_by_its_name(bases, folder, family):
    add_folder(bases, Wish("mine"), folder, silent)
    base = load_base(bases.place("mine"))
    assert (base.family.name, base.name, base.size) == (family, "mine", base.family.size)
    assert base.strength("library") == base.family.strength
    assert base.strength("any context at all") > 0


def test_a_changed_and_a_missing_file_are_named(bases, folder, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    add_folder(bases, Wish("mine"), copy, silent)
    assert bases.damaged("mine", silent) == ()
    weights = next((copy / "vae").glob("*.safetensors"))
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    (copy / "scheduler" / "scheduler_config.json").unlink()
    assert sorted(bases.damaged("mine", silent)) == [
        "scheduler/scheduler_config.json is missing.",
        f"vae/{weights.name} is not what it was.",
    ]


def test_a_folder_that_lacks_weights_is_refused_and_the_part_is_named(bases, folder, tmp_path):
    half = tmp_path / "half"
    shutil.copytree(folder, half)
    next((half / "vae").glob("*.safetensors")).unlink()
    with pytest.raises(BadInput, match="no safetensors weights in vae"):
        add_folder(bases, Wish("mine"), half, silent)
    assert bases.all() == ()


def test_what_is_no_base_is_refused_in_a_sentence_of_its_own(bases, tmp_path):
    def refusal():
        with pytest.raises(BadInput) as caught:
            add_folder(bases, Wish("mine", licence="mit"), tmp_path / "it", silent)
        return str(caught.value)

    assert "There is no folder" in refusal()
    (tmp_path / "it").mkdir()
    assert "is no base: it holds no model_index.json" in refusal()
    (tmp_path / "it" / "big.safetensors").touch()
    assert "in one single file" in refusal()
    (tmp_path / "it" / "model_index.json").write_text("{")
    assert "is damaged" in refusal()
    (tmp_path / "it" / "model_index.json").write_text(json.dumps({"_class_name": "WanPipeline"}))
    assert "of the kind WanPipeline cannot be run here. These kinds can: StableDiffusionPipeline" in refusal()


def test_a_folder_whose_card_names_no_licence_asks_for_one(bases, tmp_path):
    folder = write("sd15", tmp_path / "bare")
    with pytest.raises(NotAllowed, match="names no licence"):
        add_folder(bases, Wish("mine"), folder, silent)
    add_folder(bases, Wish("mine", licence="OpenRAIL"), folder, silent)
    assert bases.get("mine").licence == "OpenRAIL"
    (folder / "README.md").write_text("---\nlicense: other\nlicense_name: studio-nc\n---\n")
    with pytest.raises(NotAllowed, match="studio-nc"):
        add_folder(bases, Wish("mine", licence="mit"), folder, silent)
    add_folder(bases, Wish("mine", said="I will not sell these pictures"), folder, silent)
    assert bases.get("mine").accepted == "I will not sell these pictures"


@pytest.mark.parametrize("name", ["starter", "Klein", "../up", "", "a b"])
def test_what_cannot_be_a_name_is_refused(bases, name):
    with pytest.raises(BadInput, match="cannot be a base's name"):
        bases.file(name)


def test_a_name_that_was_never_added_is_answered_with_those_that_were(bases):
    with pytest.raises(NotFound, match="There are: starter"):
        bases.place("klein-4b")


def test_a_distilled_base_is_fitted_by_the_one_it_was_made_from(bases, tmp_path):
    distilled, whole = write("klein", tmp_path / "distilled"), write("klein", tmp_path / "whole")
    index = json.loads((distilled / "model_index.json").read_text())
    (distilled / "model_index.json").write_text(json.dumps({**index, "is_distilled": True}))
    add_folder(bases, Wish("fast", licence="mit", fit_with="slow"), distilled, silent)
    with pytest.raises(EngineUnavailable, match="is distilled and cannot be fitted"):
        load_base(bases.place("fast"), fitting=True)
    add_folder(bases, Wish("slow", licence="mit"), whole, silent)
    assert load_base(bases.place("fast"), fitting=True).name == "slow"
    painter = load_base(bases.place("fast"))
    assert (painter.name, painter.steps, painter.guidance) == ("fast", 4, 1.0)
    assert (load_base(bases.place("slow")).steps, load_base(bases.place("slow")).guidance) == (50, 4.0)


def test_half_precision_is_read_where_it_is_all_there_is():
    assert variant_of(["unet/a.fp16.safetensors", "vae/a.fp16.safetensors"]) == "fp16"
    assert variant_of(["unet/a.fp16.safetensors", "unet/a.safetensors"]) is None
    assert variant_of(["unet/a.safetensors"]) is None


def test_a_base_of_which_only_some_parts_are_in_half_precision_can_be_loaded(bases, tmp_path):
    folder = write("sdxl", tmp_path / "mixed")
    for part in ("unet", "text_encoder"):
        weights = next((folder / part).glob("*.safetensors"))
        weights.rename(weights.with_name(weights.stem + ".fp16.safetensors"))
    add_folder(bases, Wish("mine", licence="mit"), folder, silent)
    assert bases.get("mine").variant == "fp16"
    assert load_base(bases.place("mine")).family.name == "sdxl"


def test_facts_that_are_damaged_are_named(bases):
    bases.root.mkdir(parents=True)
    (bases.root / "mine.json").write_text("{")
    with pytest.raises(EngineUnavailable, match="is damaged"):
        bases.get("mine")
