"""`studio import` without a studio; with one it is run in test_tree."""

from click.testing import CliRunner

from studio_server.cli import main


def test_where_no_studio_has_run_it_says_what_to_do_first(tmp_path, monkeypatch):
    monkeypatch.setenv("STUDIO_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "card").mkdir()
    answer = CliRunner().invoke(main, ["import", str(tmp_path / "card")])
    assert answer.exit_code != 0
    assert "No studio has run on" in answer.output
    assert "studio up" in answer.output


def test_a_folder_that_is_not_there_is_named(tmp_path):
    answer = CliRunner().invoke(main, ["import", str(tmp_path / "nowhere")])
    assert answer.exit_code == 2
    assert "nowhere" in answer.output
