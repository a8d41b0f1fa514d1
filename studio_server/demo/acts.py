"""The acts of a session, in the order in which they are played. Each adds to the report what it has seen."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import exifread

from studio_server.demo import report
from studio_server.demo.camera import Camera, Pace
from studio_server.demo.frames import Expected, plan
from studio_server.demo.lightroom import Catalog, pull
from studio_server.demo.stage import DemoFailed, Play, Stage
from studio_server.demo.visitors import Machine, Refused

SERIAL = "STU4711"
PICKS = 8
APPROVALS = 5
CONFLICT = 409
"""The one answer to a pick that cannot be: the picture is known, and in no state to be picked."""
WISHED = 30.0
"""Seconds to the first look. A busy machine may take longer, so it is reported and not judged."""
LAST_EVENT = 30.0
"""Seconds that the tablet may hear of a proof after the photographer has seen it."""
Json = dict[str, Any]


def camera(stage: Stage) -> Camera:
    return Camera(stage.hot_folder, SERIAL, pace=Pace(between_shots=1.0))


def shoot(acts: Play) -> None:
    frames = plan(acts.stage.photos)
    acts.stage.say(f"The camera takes {len(frames)} shots.")
    with acts.timed("shoot"):
        for one in camera(acts.stage).shoot(frames):
            acts.written.append(one)
    expected = len({one.release_stem for one in acts.written})

    def all_done(seen: Json) -> bool:
        states = [shot["state"] for shot in seen["shots"]]
        acts.found["shots"] = report.shots(acts.written, seen["shots"])
        return len(states) == expected and "received" not in states

    with acts.timed("develop"):
        seen = acts.wait("develop", all_done)
    _hear_the_last(acts, seen)
    acts.found["proof_seconds"] = report.proof_seconds(acts.written, seen["shots"], acts.client.heard)
    acts.stage.say(f"{len(seen['shots'])} shots are on the contact sheet.")


def _hear_the_last(acts: Play, seen: Json) -> None:
    """The photographer's page can be a moment ahead of the tablet's live events."""
    developed = {shot["id"] for shot in seen["shots"] if shot["state"] == "developed"}
    deadline = time.monotonic() + LAST_EVENT
    while developed - acts.client.heard.keys() and time.monotonic() < deadline:
        time.sleep(0.1)


def pick(acts: Play) -> None:
    seen = acts.photographer.sees()
    acts.found["cut"] = [_must_refuse(acts, shot) for shot in seen["shots"] if shot["state"] == "unreadable"]
    _choose_places(acts)
    expected = {one.release_stem: one.expected for one in acts.written}
    good = [shot for shot in seen["shots"] if expected[report.stem_of(shot)] is Expected.GOOD]
    picks = [shot for shot in good if shot["state"] == "developed"][:PICKS]
    for shot in picks:
        acts.client.flag(shot["id"], 1)
    acts.stage.say(f"The client picked {len(picks)} shots and waits for the first look.")
    with acts.timed("first look"):
        acts.wait("first look", lambda now: any(_pass(made) == "preview" for made in now["variations"]))
    waited = acts.found["seconds"]["first look"]
    acts.stage.say(f"The first look came after {waited:.0f} s; {WISHED:.0f} s are wished for.")


def _must_refuse(acts: Play, shot: Json) -> Json:
    """A shot that cannot be read says why, and is not to be picked; any other answer ends the demo."""
    if not shot["reason"]:
        raise DemoFailed(f"{shot['file']} cannot be read, and no reason is given.")
    try:
        acts.client.flag(shot["id"], 1)
    except Refused as refusal:
        if refusal.status != CONFLICT:
            msg = f"Picking {shot['file']}, which cannot be read, was to be answered {CONFLICT}"
            raise DemoFailed(f"{msg}; the answer was {refusal.status}: {refusal}") from refusal
        acts.stage.say(f"{shot['file']} cannot be picked: {refusal}")
        told = {"status": refusal.status, "sentence": str(refusal)}
        return {"file": shot["file"], "reason": shot["reason"], **told}
    raise DemoFailed(f"{shot['file']} cannot be read, and yet it could be picked.")


def _choose_places(acts: Play) -> None:
    """Tick every place on the client's own page, as a curious client would."""
    offered = acts.client.offered_contexts()
    acts.client.choose_contexts(offered)
    kept = acts.client.sees()["contexts"]
    if not offered or set(kept) != set(offered):
        msg = f"The client chose {', '.join(offered) or 'nothing'}, and the session has {', '.join(kept)}."
        raise DemoFailed(msg)
    acts.stage.say(f"The client chose {len(kept)} places.")


def lock(acts: Play) -> None:
    acts.client.lock()
    acts.stage.say("The client locked the picks; the fit runs.")


def fit_and_vary(acts: Play) -> None:
    with acts.timed("fit"):
        seen = acts.wait("fit", lambda now: bool(now["likeness"] and now["likeness"]["report"]))
    acts.found["fit"] = report.fit(seen)
    with acts.timed("vary"):
        seen = acts.wait("vary", lambda now: now["stage"] == "varied")
    acts.stage.out.mkdir(parents=True, exist_ok=True)
    _keep_photograph(acts, seen)
    sizes = {shot["id"]: _size_of(acts, shot) for shot in seen["shots"]}
    finals = [made for made in seen["variations"] if _pass(made) == "final"]
    acts.found["variations"] = [_saved(acts, made, sizes[made["shot"]]) for made in finals]
    accepted = sum(made["accepted"] for made in acts.found["variations"])
    acts.stage.say(f"{len(finals)} pictures are made, the judge accepted {accepted}.")


def _size_of(acts: Play, shot: Json) -> tuple[int, int] | None:
    """Measured on the file that the camera wrote; None where it cannot be read."""
    stem = report.stem_of(shot)
    return next((report.raw_size(one.path) for one in acts.written if _raw(one.role, one.path, stem)), None)


def _raw(role: str, path: Path, stem: str) -> bool:
    return role == "raw" and path.stem == stem


def _keep_photograph(acts: Play, seen: Json) -> None:
    picked = [shot for shot in seen["shots"] if shot["flag"] == 1]
    for shot in picked[:1]:
        (acts.stage.out / "photograph.jpg").write_bytes(acts.photographer.proof(shot["id"]))


def _saved(acts: Play, made: Json, size: tuple[int, int] | None) -> Json:
    file = acts.stage.out / f"{made['context']}-{made['id'][:6]}.jpg"
    file.write_bytes(acts.photographer.picture(made["id"]))
    return report.variation(made, file, size)


def approve(acts: Play) -> None:
    offered = [made for made in acts.client.sees()["variations"] if _pass(made) == "final"]
    by_context = list({made["context"]: made for made in offered}.values())
    for made in by_context[:APPROVALS]:
        acts.client.choose(made["id"], "approved")
    for made in by_context[APPROVALS : APPROVALS + 1]:
        acts.client.choose(made["id"], "refused")
    acts.client.finish()
    approved = len(by_context[:APPROVALS])
    acts.found["approved"] = approved
    acts.stage.say(f"The client approved {approved} pictures and finished.")
    with acts.timed("deliver"):
        acts.wait("deliver", lambda now: len(now["deliveries"]) == approved)
    acts.found["delivered"] = [report.delivered(*one) for one in _masters(acts)]


def _masters(acts: Play) -> Iterator[tuple[Json, bytes]]:
    machine = Machine(acts.stage.base_url, acts.key)
    for one in machine.ask("/api/v1/deliveries")["deliveries"]:
        yield one, machine.fetch(f"/api/v1/deliveries/{one['id']}/file")


def pull_masters(acts: Play) -> None:
    catalog = Catalog()
    for one in acts.written:
        if one.role == "raw" and one.expected is not Expected.UNREADABLE:
            catalog.import_capture(one.path, *_captured(one.path))
    with acts.timed("lightroom"):
        first = pull(acts.stage.base_url, acts.key, catalog, acts.stage.plugin_dir)
        second = pull(acts.stage.base_url, acts.key, catalog, acts.stage.plugin_dir)
    acts.found["lightroom"] = {
        "imported": first.imported,
        "stacked": first.stacked,
        "second_run_changes": second.changes,
    }
    acts.stage.say(f"Lightroom imported {first.imported} masters and stacked {first.stacked}.")


def _captured(path: Path) -> tuple[str, str]:
    """Capture time with sub-seconds and camera serial, as Lightroom reads them from the file at import."""
    with path.open("rb") as file:
        tags = exifread.process_file(file, details=False)
    day, _, clock = str(tags["EXIF DateTimeOriginal"]).partition(" ")
    instant = f"{day.replace(':', '-')}T{clock}"
    subseconds = str(tags.get("EXIF SubSecTimeOriginal", "")).strip()
    return (f"{instant}.{subseconds}" if subseconds else instant), str(tags.get("EXIF BodySerialNumber", ""))


def _pass(made: Json) -> str:
    return str(made["pass"])
