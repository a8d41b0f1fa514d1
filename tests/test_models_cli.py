from pathlib import Path

import pytest
from click.testing import CliRunner
from small_hub import COMMIT, SmallHub
from test_hub import FILES, REPO

from studio_server.bootstrap import base_place
from studio_server.cli import main
from studio_server.domain.errors import EngineUnavailable, NotFound
from studio_server.engines import hub
from studio_server.settings import STARTER, Settings


@pytest.fixture(autouse=True)
def own_shelf(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STUDIO_SHELF_DIR", str(tmp_path / "shelf"))
    monkeypatch.setenv("STUDIO_DATA_DIR", str(tmp_path / "data"))


@pytest.fixture
def server(monkeypatch):
    server = SmallHub(REPO, dict(FILES), "apache-2.0")
    monkeypatch.setattr(hub.Hub.__init__, "__defaults__", (server.url,))
    yield server
    server.shutdown()
    server.server_close()


def studio(*words, answer=""):
    result = CliRunner().invoke(main, ["models", *words], input=answer)
    return result.exit_code, result.output


def test_the_list_names_what_could_be_added_with_licence_and_sizes():
    code, said = studio("list")
    assert code == 0
    lines = {line.split()[2]: line for line in said.splitlines() if line.startswith("to add")}
    assert list(lines) == ["klein-4b", "klein-4b-base", "sdxl"]
    assert "apache-2.0  16 GB to fetch, about 18 GB on a GPU" in lines["klein-4b"]


def test_a_base_is_shown_asked_for_fetched_and_chosen_by_its_name(server, monkeypatch):
    code, said = studio("add", "mine", REPO, answer="n\n")
    assert code == 1
    assert f"{REPO} at {COMMIT}" in said
    assert "licence   apache-2.0" in said
    assert "about 18 GB on a GPU" in said
    assert said.count("MB  ") == 2
    assert "mine" not in studio("list")[1]

    assert studio("add", "mine", REPO, answer="y\n")[0] == 0
    assert f"here     mine             apache-2.0  {REPO}" in studio("list")[1]
    assert "whole    mine" in studio("verify", "mine")[1]
    monkeypatch.setenv("STUDIO_BASE_DIR", "mine")
    assert base_place(Settings()).name == "mine.json"


def test_a_stopped_download_is_listed_refused_and_pulled(server, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(hub.Hub, "_download", lambda *_: (_ for _ in ()).throw(OSError("unplugged")))
        code, said = studio("add", "mine", REPO, "--yes")
    assert code == 3
    assert "unplugged. Check the internet connection" in said
    assert "in part  mine" in studio("list")[1]
    with pytest.raises(EngineUnavailable, match="studio models pull mine"):
        base_place(Settings(base_dir=Path("mine")))
    code, said = studio("pull", "mine")
    assert (code, said.strip()) == (0, "mine is here in full.")


def test_verify_names_a_file_that_changed_and_ends_with_a_failure(server, tmp_path):
    studio("add", "mine", REPO, "--yes")
    (tmp_path / "shelf/bases/mine/transformer/config.json").write_text("{ }")
    code, said = studio("verify", "mine")
    assert code == 3
    assert "DAMAGED  mine" in said
    assert "transformer/config.json is not what it was." in said


def test_a_distilled_base_names_the_one_that_fits_it(server):
    assert "`studio models add whole` too" in studio("add", "mine", REPO, "--fit-with", "whole", "--yes")[1]


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("add", "mine"), 2, "Say where mine is"),
        (("add", "starter", "."), 2, "cannot be a base's name"),
        (("add", "mine", "./nowhere"), 2, "There is no folder"),
        (("add", "mine", "."), 2, "is no base"),
        (("pull", "mine"), 1, "No base named mine has been added"),
        (("verify", "mine"), 1, "No base named mine has been added"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(words, code, sentence):
    done, said = studio(*words)
    assert (done, sentence in " ".join(said.split())) == (code, True), said


def test_the_setting_takes_a_folder_the_starter_or_an_added_name(tmp_path):
    assert base_place(Settings()) == STARTER
    assert base_place(Settings(base_dir=Path("starter"))) == STARTER
    assert base_place(Settings(base_dir=tmp_path / "own")) == tmp_path / "own"
    with pytest.raises(NotFound, match="There are: starter"):
        base_place(Settings(base_dir=Path("klein-4b")))
