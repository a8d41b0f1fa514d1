import errno
import json
from types import SimpleNamespace

import pytest
from small_hub import COMMIT, SmallHub

from studio_server.domain.errors import EngineUnavailable, NotAllowed
from studio_server.engines import adding
from studio_server.engines.added import AddedBases
from studio_server.engines.adding import Wish, agree, fetch, look
from studio_server.engines.hub import Hub, RemoteFile, wanted

REPO = "maker/a-base"
INDEX = {
    "_class_name": "Flux2KleinPipeline",
    "is_distilled": True,
    "transformer": ["diffusers", "Flux2Transformer2DModel"],
    "vae": ["diffusers", "AutoencoderKLFlux2"],
    "safety_checker": ["x", "y"],
}
FILES = {
    "model_index.json": json.dumps(INDEX).encode(),
    "transformer/config.json": b"{}",
    "transformer/diffusion_pytorch_model.safetensors": bytes(range(256)) * 40_000,
    "vae/diffusion_pytorch_model.safetensors": b"vae" * 1000,
    "flux-single-file.safetensors": b"x" * 99,
    "safety_checker/model.safetensors": b"x" * 99,
    "README.md": b"---\nlicense: apache-2.0\n---\n",
}
BIG = "transformer/diffusion_pytorch_model.safetensors"


@pytest.fixture
def server():
    server = SmallHub(REPO, dict(FILES), "apache-2.0")
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def bases(tmp_path):
    return AddedBases(tmp_path / "shelf")


def silent(*_):
    """No bar."""


def test_what_would_come_is_known_before_it_does(server):
    offer, family = look(Hub(server.url), Wish("mine"), REPO)
    assert (offer.revision, offer.licence, family.name) == (COMMIT, "apache-2.0", "klein")
    assert {file.path for file in offer.files} == set(FILES) - {
        "flux-single-file.safetensors", "safety_checker/model.safetensors"
    }  # fmt: skip
    assert offer.size == sum(len(FILES[file.path]) for file in offer.files)
    assert [len(file.sha256) for file in offer.files if file.path == BIG] == [64]
    assert not [name for method, name, _ in server.asked if method == "GET" and name != "model_index.json"]


def test_a_fetched_base_is_whole_hashed_and_its_bar_reached_the_end(server, bases):
    hub, seen = Hub(server.url), []
    wish = Wish("mine", fit_with="base")
    added = fetch(bases, agree(bases, wish, *look(hub, wish, REPO)), hub, lambda *bar: seen.append(bar))
    assert added.complete
    assert added.distilled
    assert bases.get("mine") == added
    assert bases.place("mine").read_text().count(COMMIT[:7])
    assert bases.damaged("mine", silent) == ()
    assert seen[-1][0] == seen[-1][1]
    facts = json.loads(bases.place("mine").read_text())
    assert (facts["family"], facts["steps"], facts["strength"]) == ("klein", 4, {"*": 0.75})
    assert facts["fit_with"] == str(bases.file("base"))


def asked_for(server, name):
    return [asked for method, path, asked in server.asked if path == name and method == "GET"]


def test_a_connection_that_breaks_is_taken_up_where_it_broke(server, bases, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 1 << 16)
    server.cut_off_at = 3_000_000
    hub, wish = Hub(server.url), Wish("mine")
    base = agree(bases, wish, *look(hub, wish, REPO))
    assert fetch(bases, base, hub, silent).complete
    first, second = asked_for(server, BIG)
    assert first is None
    assert 0 < int(second.removeprefix("bytes=").partition("-")[0]) <= 3_000_000


def test_what_an_earlier_command_has_fetched_is_not_fetched_again(server, bases):
    hub, wish = Hub(server.url), Wish("mine")
    base = agree(bases, wish, *look(hub, wish, REPO))
    part = bases.root / "mine" / f"{BIG}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(FILES[BIG][:2_000_000])
    assert fetch(bases, base, hub, silent).complete
    assert asked_for(server, BIG) == ["bytes=2000000-"]
    assert not part.exists()
    server.asked.clear()
    fetch(bases, base, hub, silent)
    assert [name for _, name, _ in server.asked if name != "model_index.json"] == []


def test_a_command_that_was_stopped_half_way_is_taken_up_by_the_next(server, bases):
    hub, wish = Hub(server.url), Wish("mine")
    base = agree(bases, wish, *look(hub, wish, REPO))
    with pytest.raises(EngineUnavailable, match="studio models pull mine"):
        bases.place("mine")

    def stop(done, _total, text):
        if text == BIG:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(bases, base, hub, stop)
    assert not bases.get("mine").complete
    assert fetch(bases, base, hub, silent).complete


def test_a_file_that_arrives_with_another_sha256_is_not_kept(server, bases, monkeypatch):
    hub, wish = Hub(server.url), Wish("mine")
    base = agree(bases, wish, *look(hub, wish, REPO))
    real = adding.hashes
    monkeypatch.setattr(adding, "hashes", lambda *args: {**real(*args), BIG: "0" * 64})
    with pytest.raises(EngineUnavailable, match="arrived damaged"):
        fetch(bases, base, hub, silent)
    assert not (bases.root / "mine" / BIG).exists()
    assert not bases.get("mine").complete


def test_a_licence_that_forbids_paid_work_is_refused_before_anything_comes(server, bases):
    server.licence = "flux-non-commercial-license"
    with pytest.raises(NotAllowed, match='--accept-noncommercial "I will not sell these pictures"'):
        look(Hub(server.url), Wish("mine"), REPO)
    assert look(Hub(server.url), Wish("mine", said="i will not sell these pictures."), REPO)
    with pytest.raises(NotAllowed):
        look(Hub(server.url), Wish("mine", said="yes"), REPO)


def test_a_repository_that_names_no_licence_is_refused_too(server):
    server.licence = ""
    with pytest.raises(NotAllowed, match="names no licence"):
        look(Hub(server.url), Wish("mine"), REPO)


def test_no_repository_no_network_and_no_room_are_one_sentence_each(server, bases, tmp_path, monkeypatch):
    with pytest.raises(EngineUnavailable, match="there is no such repository"):
        look(Hub(server.url), Wish("mine"), "maker/other")
    with pytest.raises(EngineUnavailable, match="Check the internet connection"):
        look(Hub("http://127.0.0.1:9"), Wish("mine"), REPO)
    hub = Hub(server.url)
    base = agree(bases, Wish("mine"), *look(hub, Wish("mine"), REPO))
    with monkeypatch.context() as patch:
        patch.setattr(adding, "shutil", SimpleNamespace(disk_usage=lambda _: SimpleNamespace(free=10)))
        with pytest.raises(EngineUnavailable, match="Make room"):
            fetch(bases, base, hub, silent)

    def full(*_args, **_kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(hub, "_download", full)
    with pytest.raises(EngineUnavailable, match="the disk is full"):
        hub.fetch(look(Hub(server.url), Wish("mine"), REPO)[0], tmp_path, silent)


def test_half_precision_is_taken_where_it_is_offered_beside_the_full():
    names = [
        "unet/config.json", "unet/diffusion_pytorch_model.fp16.safetensors",
        "unet/diffusion_pytorch_model.safetensors", "vae/diffusion_pytorch_model.safetensors",
        "unet/diffusion_pytorch_model.non_ema.safetensors", "unet/model.onnx", "vae_1_0/x.safetensors",
    ]  # fmt: skip
    index = {"unet": ["diffusers", "U"], "vae": ["diffusers", "V"], "_class_name": "X"}
    taken = [file.path for file in wanted([RemoteFile(name, 1, "") for name in names], index)]
    assert taken == [names[0], names[1], names[3]]
