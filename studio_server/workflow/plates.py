"""The studio's own plates: a photograph of a place comes in, is looked at, and goes onto the shelf."""

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from studio_server.domain.errors import BadInput, Mishap, in_words
from studio_server.domain.plate import (
    COLDEST,
    FARTHEST,
    NEAREST,
    WARMEST,
    OwnPlate,
    PlateId,
    Side,
    plate_id,
)
from studio_server.domain.session import Session, Stage
from studio_server.domain.variation import CONTEXTS, Context
from studio_server.imaging.answers import Place as Seen
from studio_server.imaging.decoder import DECODER
from studio_server.workflow.services import Services

LONGEST = 80


@dataclass(frozen=True)
class Settled:
    """What the photographer says of a plate."""

    title: str
    purpose: str
    horizon: float
    light: str
    kelvin: int
    behind_m: float
    soft: bool


@dataclass(frozen=True)
class PlatesPage:
    own: tuple[OwnPlate, ...]
    gone: tuple[OwnPlate, ...]
    """Taken off the shelf; they can be put back."""
    unclaimed: int
    built_in: tuple[Context, ...] = CONTEXTS


@dataclass(frozen=True)
class PlatePage:
    plate: OwnPlate
    sessions: tuple[Session, ...]
    """Open sessions that chose it."""
    unclaimed: int


def add(services: Services, stream: IO[bytes], title: str, purpose: str) -> OwnPlate:
    """Take a photograph of a place in. Raises BadInput, Unreadable; then nothing is kept of it."""
    title = _titled(services, title)
    with tempfile.NamedTemporaryFile(prefix="plate-") as file:
        try:
            shutil.copyfileobj(stream, file, 1 << 20)
            file.flush()
        except OSError as error:
            raise Mishap(in_words(error)) from error
        if not file.tell():
            raise BadInput("No photograph was sent. Choose one, or drop it onto the page.")
        seen = DECODER.place(Path(file.name))
    plate = _plate(services, seen, title, purpose)
    with services.work() as work:
        work.save(plate)
        work.commit()
    return plate


def settle(services: Services, plate: PlateId, said: Settled) -> OwnPlate:
    """The photographer has looked: from now on sessions are offered it. Pictures that are made stay."""
    _check(said)
    with services.work() as work:
        known = work.plate(plate)
        settled = replace(
            known,
            title=_titled(services, said.title, besides=known.id),
            purpose=said.purpose.strip()[:LONGEST],
            horizon=round(said.horizon, 3),
            light=Side(said.light),
            kelvin=said.kelvin,
            behind_m=said.behind_m,
            soft=said.soft,
            settled=True,
        )
        work.save(settled)
        work.commit()
    return settled


def remove(services: Services, plate: PlateId) -> OwnPlate:
    """Offer it to nobody any more. Pictures that were made with it stay, and so does their name."""
    gone = _changed(services, plate, gone=True)
    for session in _chosen_by(services, plate):
        services.board.publish(session.id, "stage", {"stage": session.stage.name.lower()})
    return gone


def put_back(services: Services, plate: PlateId) -> OwnPlate:
    return _changed(services, plate, gone=False)


def plates_page(services: Services) -> PlatesPage:
    with services.read() as work:
        plates, unclaimed = work.plates(), len(work.shots(None))
    return PlatesPage(
        own=tuple(plate for plate in plates if plate.removed_at is None),
        gone=tuple(plate for plate in plates if plate.removed_at is not None),
        unclaimed=unclaimed,
    )


def plate_page(services: Services, plate: PlateId) -> PlatePage:
    with services.read() as work:
        known, unclaimed = work.plate(plate), len(work.shots(None))
    return PlatePage(known, tuple(_chosen_by(services, plate)), unclaimed)


def _plate(services: Services, seen: Seen, title: str, purpose: str) -> OwnPlate:
    guessed = seen.estimate
    return OwnPlate(
        id=plate_id(title, services.new_id()),
        title=title,
        purpose=purpose.strip()[:LONGEST],
        picture=services.blobs.put_bytes(seen.picture).sha256,
        thumbnail=services.blobs.put_bytes(seen.thumbnail).sha256,
        width=seen.width,
        height=seen.height,
        added_at=services.now(),
        guessed=guessed,
        horizon=guessed.horizon,
        light=guessed.light,
        kelvin=guessed.kelvin,
        soft=guessed.soft,
    )


def _titled(services: Services, title: str, besides: str = "") -> str:
    """One name, one place: also beside the built-in ones."""
    name = " ".join(title.split())[:LONGEST]
    if not name:
        raise BadInput("The place needs a name, by which clients choose it. Type it and send it again.")
    with services.read() as work:
        own = [plate.title for plate in work.plates() if plate.removed_at is None and plate.id != besides]
    if name.casefold() in {known.casefold() for known in (*own, *(one.title for one in CONTEXTS))}:
        raise BadInput(f"There is a place named “{name}” already. Choose another name.")
    return name


def _check(said: Settled) -> None:
    if not 0 <= said.horizon <= 1:
        raise BadInput("The horizon must lie within the picture. Drag its line to the height of the camera.")
    if said.light not in set(Side):
        raise BadInput(f"The light comes from one of these: {', '.join(Side)}. Choose one.")
    if not WARMEST <= said.kelvin <= COLDEST:
        raise BadInput(f"The colour temperature lies between {WARMEST} and {COLDEST} K. Write it in digits.")
    if not NEAREST <= said.behind_m <= FARTHEST:
        msg = f"The place stands between {NEAREST:g} and {FARTHEST:g} m behind the sitter."
        raise BadInput(f"{msg} Write the distance in metres.")


def _changed(services: Services, plate: PlateId, *, gone: bool) -> OwnPlate:
    with services.work() as work:
        known = replace(work.plate(plate), removed_at=services.now() if gone else None)
        work.save(known)
        work.commit()
    return known


def _chosen_by(services: Services, plate: PlateId) -> Sequence[Session]:
    with services.read() as work:
        open_ones = [session for session in work.sessions() if session.stage < Stage.VARIED]
    return [session for session in open_ones if str(plate) in session.contexts]
