import json
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_world import CONTEXTS, pipeline, portrait


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pipeline().save_pretrained(folder)
    facts = {"name": "Tiny", "version": "0", "size": [48, 64], "steps": 4, "strength": CONTEXTS}
    (folder / "studio.json").write_text(json.dumps(facts))
    return folder


@pytest.fixture(scope="session")
def pick_files(tmp_path_factory) -> list[Path]:
    folder = tmp_path_factory.mktemp("picks")
    luck = np.random.default_rng(0)
    paths = [folder / f"pick-{number}.jpg" for number in range(4)]
    for path in paths:
        Image.fromarray(portrait(luck)[0]).save(path, quality=95)
    return paths
