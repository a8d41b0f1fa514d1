"""The plug-in's pure modules, straight under Lua 5.1."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lupa.lua51 import LuaRuntime
from studio_of_tests import PLUGIN

MODULES = ("Json", "Paths", "Match", "Plan", "Report")


@pytest.fixture(scope="module")
def modules():
    lua = LuaRuntime(unpack_returned_tuples=True)
    loaded = {}
    lua.globals()["require"] = loaded.__getitem__
    for name in MODULES:
        loaded[name] = lua.execute((PLUGIN / f"{name}.lua").read_text())
    loaded["lua"] = lua
    return loaded


def decode(modules, text):
    return modules["Json"].decode(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"\\u00e9\\u4e2d\\ud83d\\ude00\\n\\/"', "é中😀\n/"),
        ('"\\ud83d"', "\ufffd"),
        ('"\\ude00x"', "\ufffdx"),
        ("-0.5e+2", -50),
        ("9007199254740993", "9007199254740993"),
        ("true", True),
        ("\ufeff 12 ", 12),
    ],
)
def test_json_values_are_read(modules, text, value):
    assert decode(modules, text) == value


def test_json_null_is_absent_in_an_object_and_keeps_its_place_in_an_array(modules):
    value = decode(modules, '{"a": null, "b": [1, null, 3], "c": [], "d": {}}')
    assert value["a"] is None
    assert [value["b"][1], value["b"][3]] == [1, 3]
    assert modules["lua"].globals().rawequal(value["b"][2], modules["Json"].null)
    assert modules["Json"].isArray(value["c"])
    assert not modules["Json"].isArray(value["d"])
    assert modules["Json"].encode(value) == '{"b":[1,null,3],"c":[],"d":{}}'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html>",
        "{",
        '{"a" 1}',
        "[1,]",
        "[1 2]",
        '"a',
        '"\\x41"',
        '"\\u12"',
        "01",
        "1 2",
        "nul",
        '"\x01"',
        "{1: 2}",
        "[" * 70 + "]" * 70,
    ],
)
def test_what_is_no_json_is_told_and_does_not_raise(modules, text):
    value, why = decode(modules, text)
    assert value is None
    assert isinstance(why, str)


@pytest.mark.parametrize(
    ("number", "text"), [(10**15, "1000000000000000"), (0.1, "0.10000000000000001"), (-7, "-7")]
)
def test_numbers_are_written_in_full(modules, number, text):
    assert modules["Json"].encode(number) == text


KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
LEAVES = (
    st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | KEYS
)
VALUES = st.recursive(
    LEAVES, lambda some: st.lists(some, max_size=4) | st.dictionaries(KEYS, some, max_size=4)
)


@given(VALUES)
def test_json_comes_back_as_it_was_sent(modules, value):
    assert json.loads(modules["Json"].encode(decode(modules, json.dumps(value)))) == value
    assert json.loads(modules["Json"].encode(decode(modules, json.dumps(value, ensure_ascii=False)))) == value


@pytest.mark.parametrize(
    ("path", "folder", "stem", "suffix"),
    [
        ("/Users/zoë/Shoot 1/DSC 1.NEF", "/Users/zoë/Shoot 1", "DSC 1", "nef"),
        ("C:\\Fotos\\Müller & Söhne\\a.b.CR3", "C:\\Fotos\\Müller & Söhne", "a.b", "cr3"),
        ("\\\\NAS\\studio\\x.dng", "\\\\NAS\\studio", "x", "dng"),
        ("/Volumes/back\\slash/x.dng", "/Volumes/back\\slash", "x", "dng"),
        ("/x.dng", "/", "x", "dng"),
        ("C:\\x", "C:", "x", ""),
        ("x", "", "x", ""),
    ],
)
def test_paths_of_every_system_are_taken_apart_and_put_together(modules, path, folder, stem, suffix):
    paths = modules["Paths"]
    assert (paths.folder(path), paths.stem(path), paths.suffix(path)) == (folder, stem, suffix)
    if folder:
        assert paths.join(folder, paths.leaf(path)) == path


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("C:\\Fotos\\a.nef", "c:/fotos/b.jpg", True),
        ("\\\\NAS\\s\\a.nef", "//nas/s/b.jpg", True),
        ("/a/x.nef", "/a//y.jpg", True),
        ("/a/x.nef", "/b/x.nef", False),
        ("/a\\b/x.nef", "/a/b/x.nef", False),
    ],
)
def test_folders_are_compared_in_one_spelling(modules, one, other, same):
    assert modules["Paths"].sameFolder(one, other) is same


def parent(modules, **changes):
    values = {"path": "\\\\NAS\\studio\\Müller & Söhne\\DSC 1.NEF", "name": "DSC 1.NEF"} | changes
    return modules["lua"].table_from(values)


def plan(modules, facts, **changes):
    lua = modules["lua"]
    entry = {
        "id": "d",
        "sha256": "ab",
        "size": 3,
        "file": "DSC 1-studio-library-1.jpg",
        "parent": parent(modules),
    }
    return modules["Plan"].step(lua.table_from(entry | changes), lua.table_from(facts, recursive=True))


def test_the_master_goes_beside_its_raw_on_a_windows_share(modules):
    raw = {"photo": 1, "path": "\\\\NAS\\studio\\Müller & Söhne\\DSC 1.NEF"}
    step = plan(modules, {"parent": raw})
    assert (step["action"], step["fetch"]) == ("stack", True)
    assert step["path"] == "\\\\NAS\\studio\\Müller & Söhne\\DSC 1-studio-library-1.jpg"


def test_a_master_that_lies_in_the_raws_folder_is_used_and_one_that_lies_elsewhere_is_not(modules):
    raw = {"photo": 1, "path": "C:\\Fotos\\DSC 1.NEF"}
    near, far = "c:/fotos/DSC 1-studio-library-1.jpg", "D:\\alt\\DSC 1-studio-library-1.jpg"
    step = plan(modules, {"parent": raw, "laid": True}, laid_path=near)
    assert (step["path"], step["fetch"]) == (near, False)
    step = plan(modules, {"parent": raw, "laid": True}, laid_path=far)
    assert (step["path"], step["fetch"]) == ("C:\\Fotos\\DSC 1-studio-library-1.jpg", True)


@pytest.mark.parametrize(
    ("facts", "action"),
    [
        ({"ours": 1, "there": 2}, "skip"),
        ({"there": 2}, "mark"),
        ({"folder": "/x", "why": "none"}, "ask"),
        ({"folder": "/x", "why": "several"}, "ask"),
        ({}, "refuse"),
    ],
)
def test_each_state_of_the_catalog_has_its_step(modules, facts, action):
    assert plan(modules, facts)["action"] == action


def test_a_delivery_that_is_listed_twice_is_one_step(modules):
    lua = modules["lua"]
    entry = {"id": "d", "sha256": "ab", "size": 3, "file": "a.jpg", "parent": {"name": "a.nef"}}
    both = lua.table_from([entry, dict(entry)], recursive=True)
    facts = lua.table_from([{"folder": "/x"}, {"folder": "/x"}], recursive=True)
    assert len(list(modules["Plan"].of(both, facts).values())) == 1


@pytest.mark.parametrize(
    ("ours", "theirs", "contradicted"),
    [
        ("2026-11-20T10:30:15.250000+01:00", "2026-11-20T10:30:15.25", False),
        ("2026-11-20T10:30:15.25Z", "2026-11-20T10:30:15", False),
        ("2026-11-20 10:30:15.251", "2026-11-20T10:30:15.25", False),
        ("2026-11-20T10:30:15.25", "2026-11-20T10:30:15.26", True),
        ("2026-11-20T10:30:15", "2026-11-20T10:30:16", True),
        ("2026-11-20T10:30:15+01:00", "2026-11-20T09:30:15Z", False),
        ("2026-03-01T00:30:15.25+01:00", "2026-02-28T18:00:15.25-0530", False),
        ("2024-03-01T00:30:15+01:00", "2024-02-29T23:30:15Z", False),
        ("2026-11-20T10:30:15+01:00", "2026-11-20T09:30:15", True),
        ("2026-11-20T10:30:15+01:00", "2026-11-20T10:30:15Z", False),
        ("2026-11-20T10:30:15", None, False),
        ("", "2026-11-20T10:30:15", False),
    ],
)
def test_instants_are_compared_by_the_cameras_clock(modules, ours, theirs, contradicted):
    entry = modules["lua"].table_from({"path": "/x.nef", "captured": theirs})
    assert modules["Match"].contradicts(parent(modules, captured_at=ours), entry) is contradicted


def test_the_report_names_every_kind_and_is_not_too_long(modules):
    lua = modules["lua"]
    steps = [{"action": "stack", "delivery": {"file": f"{number}.jpg"}} for number in range(30)]
    steps += [{"action": "skip", "delivery": {"file": "known.jpg"}}, {"action": "refuse"}]
    table = lua.table_from(steps, recursive=True)
    assert modules["Report"].summary(table) == "30 stacked, 1 unchanged, 1 refused."
    shown = modules["Report"].details(table).splitlines()
    assert shown[-1] == "... and 11 more: see the log file."
    assert len(shown) == 21
    assert not any("known.jpg" in line for line in shown)
