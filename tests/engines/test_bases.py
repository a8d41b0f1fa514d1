import json
import shutil

import pytest
import torch

from studio_server.domain.errors import EngineUnavailable
from studio_server.engines.bases import FAMILIES, load_base
from studio_server.engines.families.known import ARCHITECTURES


def test_a_base_knows_its_name_its_size_and_what_it_has_earned(tiny_base):
    base = load_base(tiny_base)
    assert (base.label, base.size, base.steps) == ("Tiny 0", (48, 64), 4)
    assert base.strength("library") == 0.5
    assert base.strength("brick") == 0
    assert base.family is FAMILIES["starter"]


def test_a_loaded_base_is_ready_to_paint_and_learns_nothing_by_itself(tiny_base):
    base = load_base(tiny_base)
    for part in (base.pipeline.unet, base.pipeline.vae, base.pipeline.text_encoder):
        assert not part.training
        assert not any(weight.requires_grad for weight in part.parameters())
    assert next(base.pipeline.unet.parameters()).dtype == torch.float32


def test_a_folder_without_a_base_is_named(tmp_path):
    with pytest.raises(EngineUnavailable, match=str(tmp_path)):
        load_base(tmp_path)


def test_a_base_that_lacks_its_weights_is_refused_in_one_sentence(tiny_base, tmp_path):
    half = tmp_path / "half"
    shutil.copytree(tiny_base, half)
    next((half / "unet").glob("*.safetensors")).unlink()
    with pytest.raises(EngineUnavailable, match="is not whole"):
        load_base(half)


def test_a_base_that_is_too_large_for_main_memory_is_refused_in_one_sentence(tiny_base, monkeypatch):
    def short(*_args):
        raise MemoryError

    monkeypatch.setattr(type(ARCHITECTURES["starter"]), "load", short)
    with pytest.raises(EngineUnavailable, match="does not fit into this machine's main memory"):
        load_base(tiny_base)


def test_a_large_base_without_a_gpu_is_refused_before_it_is_read(tmp_path, monkeypatch):
    (tmp_path / "studio.json").write_text(json.dumps({"family": "sdxl"}))
    (tmp_path / "unet").mkdir()
    with (tmp_path / "unet" / "weights.safetensors").open("wb") as file:
        file.truncate(3_100_000_000)  # sparse: no byte of it is on the disk
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(EngineUnavailable, match=r"needs a GPU with about 10 GB; torch sees none"):
        load_base(tmp_path)


def test_a_family_that_cannot_be_run_here_is_refused_before_anything_is_loaded(tmp_path):
    (tmp_path / "studio.json").write_text(json.dumps({"family": "of-tomorrow", "size": [512, 512]}))
    with pytest.raises(EngineUnavailable, match="cannot run"):
        load_base(tmp_path)
