"""What a played session must have brought about. Each floor that was missed is one sentence.

The built-in portrait is a known session, so it has known floors. The pictures of a folder (`--photos`) are
not: nothing there was cut off on purpose, and how many composites pass is for the judge to say. So with them
an unreadable file is reported but not held against the server, and one accepted and delivered is enough.
"""

from typing import Any

Json = dict[str, Any]

UNREADABLE = 1
ACCEPTED, ACCEPTED_OF_PHOTOS = 12, 1
DELIVERED, DELIVERED_OF_PHOTOS = 3, 1


def missed(report: Json) -> list[str]:
    """Return one sentence for each floor that the report does not reach; what is not there is not reached.

    The report of a folder's pictures carries its name under `photos`.
    """
    own = bool(report.get("photos"))
    accepted, masters = (ACCEPTED_OF_PHOTOS, DELIVERED_OF_PHOTOS) if own else (ACCEPTED, DELIVERED)
    shots, delivered = report.get("shots"), report.get("delivered")
    return [
        *(_ingest(shots, own=own) if shots else ["The shots were not counted."]),
        *_proofs(report.get("proof_seconds") or {}, shots or {}),
        *_fit(report.get("fit") or {}),
        *_variations(report.get("variations") or [], accepted),
        *_delivery(delivered or [], report.get("approved", 0), masters),
        *_lightroom(report.get("lightroom"), delivered or []),
    ]


def _ingest(shots: Json, *, own: bool) -> list[str]:
    written, received, unreadable = (shots[key] for key in ("written", "received", "unreadable"))
    said = []
    if not written or received != written:
        said.append(f"The camera wrote {written} shots, and the server received {received}.")
    if not own and unreadable != UNREADABLE:
        said.append(f"The camera cut off {UNREADABLE} file, and {unreadable} are listed as unreadable.")
    return said


def _proofs(proofs: Json, shots: Json) -> list[str]:
    measured, developed = proofs.get("measured"), shots.get("developed", 0)
    if measured is None:
        return ["The proofs were not timed."]
    if developed and measured == developed:
        return []
    return [f"{developed} shots were developed, and the tablet heard of {measured} as they came."]


def _fit(fit: Json) -> list[str]:
    before, after = fit.get("heldout_before"), fit.get("heldout_after")
    if before is None or after is None:
        return ["The fit was not measured on the pick that was held out."]
    if not after < before:  # a loss that is not a number is no improvement either
        return [
            f"The fit did not lower the loss on the held-out pick: {before:.4f} before, {after:.4f} after."
        ]
    return []


def _variations(made: list[Json], floor: int) -> list[str]:
    accepted = sum(bool(one["accepted"]) for one in made)
    said = []
    if accepted < floor:
        said.append(f"The judge accepted {accepted} of {len(made)} composites; at least {floor} are needed.")
    said += [
        f"{one['file']} has {one['width']} x {one['height']} pixels, and its shot has {_size(one)}."
        for one in made
        if [one["width"], one["height"]] != [one.get("shot_width"), one.get("shot_height")]
    ]
    return said


def _size(made: Json) -> str:
    if made.get("shot_width") is None:
        return "an unknown number"
    return f"{made['shot_width']} x {made['shot_height']}"


def _delivery(masters: list[Json], approved: int, floor: int) -> list[str]:
    delivered, said = len(masters), []
    if delivered < floor:
        said.append(f"{delivered} masters were delivered; at least {floor} are needed.")
    if delivered != approved:
        said.append(f"The client approved {approved} composites, and {delivered} were delivered.")
    return said


def _lightroom(lightroom: Json | None, delivered: list[Json]) -> list[str]:
    if not lightroom:
        return ["Lightroom pulled nothing, neither once nor a second time."]
    imported, stacked, changes = (lightroom[key] for key in ("imported", "stacked", "second_run_changes"))
    said = []
    if not imported or imported != len(delivered):
        said.append(f"{len(delivered)} masters were delivered, and Lightroom imported {imported}.")
    if not stacked or stacked != imported:
        said.append(f"Lightroom imported {imported} masters and stacked {stacked} with their RAW.")
    if changes != 0:
        said.append(f"The plug-in's second run made {changes} changes; it should have made none.")
    return said
