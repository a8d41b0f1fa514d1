"""A finished composite once more, as a layered TIFF for the photographer's own retouching."""

from dataclasses import replace

import cv2

from studio_server.domain import consent
from studio_server.domain.consent import Purpose
from studio_server.domain.engines import Progress
from studio_server.domain.errors import Conflict, NotFound
from studio_server.domain.events import LayersWanted
from studio_server.domain.ports import Decision, Reading
from studio_server.domain.variation import Pass, Variation, VariationId
from studio_server.imaging.layered import flat_of
from studio_server.imaging.render import decode, encode_master
from studio_server.workflow.deliver import packet
from studio_server.workflow.services import Services
from studio_server.workflow.vary import same_again

ACTOR = "photographer"
SAME = 0.5
"""Mean difference, levels of 255, up to which it is the picture that the client saw, once both are JPEG."""
CHANGED = (
    "This picture cannot be taken apart as the client saw it: what it was made with (the fit, the place, "
    "the strokes) is not as it was. Fit again, and ask for the layers of the new picture."
)


def want(services: Services, variation_id: VariationId) -> Variation:
    """Ask for the layers; they are made in the background. Twice is fine."""
    with services.work() as work:
        variation = _layerable(services, work, variation_id)
        if not variation.layers:
            work.append(Decision(variation.session_id, ACTOR, "layers", variation_id, "", services.now()))
            work.commit(LayersWanted(variation.session_id, variation_id))
    return variation


def make(services: Services, variation_id: VariationId, progress: Progress) -> None:
    """Make them. Raises Conflict where the picture would come out otherwise than the client saw it."""
    with services.read() as work:
        variation = _layerable(services, work, variation_id)
    if variation.layers:
        return
    progress.report(0, 3, "Making the picture once more, in layers")
    job = same_again(services, variation)
    if job is None:
        raise Conflict(CHANGED)
    tiff = services.painter.layers(job, packet(services, variation))
    progress.report(2, 3, "Comparing it with the picture that the client saw")
    seen, again = decode(services.blobs.read(variation.picture)), decode(encode_master(flat_of(tiff)))
    if seen.shape != again.shape or cv2.absdiff(seen, again).mean() > SAME:
        raise Conflict(CHANGED)
    kept = services.blobs.put_bytes(tiff)
    with services.work() as work:
        work.save(replace(_layerable(services, work, variation_id), layers=kept.sha256))
        work.commit()
    progress.report(3, 3, "The layers are there")
    services.board.publish(
        variation.session_id, "variation", {"variation": variation_id, "pass": variation.made_in.value}
    )


def name_of(services: Services, variation_id: VariationId) -> tuple[str, str]:
    """(sha256, file name) of the layered TIFF. Raises NotFound."""
    with services.read() as work:
        variation = work.variation(variation_id)
        shot = work.shot(variation.brief.shot_id)
    if not variation.layers:
        raise NotFound("There is no layered TIFF of this picture. Ask for it on the session's page.")
    return variation.layers, f"{shot.stem}-studio-{variation.brief.context}-{variation_id[:6]}.tif"


def _layerable(services: Services, work: Reading, variation_id: VariationId) -> Variation:
    variation = work.variation(variation_id)
    if variation.whole or variation.made_in is not Pass.FINAL:
        raise Conflict("Only a finished composite has layers: this picture was made in one piece.")
    consent.require(work.consents(variation.session_id), Purpose.GENERATION, services.now())
    return variation
