"""Approved variations become masters: metadata in, signed, laid beside their RAW, listed for the plug-in."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from studio_server.domain import consent
from studio_server.domain.consent import Purpose
from studio_server.domain.delivery import Delivery, DeliveryId, Labels, Parent, SourceType
from studio_server.domain.engines import Progress
from studio_server.domain.errors import Conflict
from studio_server.domain.events import Delivered, DeliveryReady
from studio_server.domain.ports import BlobRef
from studio_server.domain.provenance import Claim
from studio_server.domain.session import Session, SessionId, Stage
from studio_server.domain.shot import Capture, Shot
from studio_server.domain.variation import Choice, Context, Variation
from studio_server.imaging import metadata
from studio_server.imaging.decoder import DECODER
from studio_server.imaging.provenance import sign
from studio_server.workflow.places import place_of
from studio_server.workflow.services import Services

RATING = 5
LABEL = "green"


def deliver(services: Services, session_id: SessionId, progress: Progress) -> None:
    """Twice is fine: what has been delivered is not made again."""
    with services.read() as work:
        session = work.session(session_id)
        records = work.consents(session_id)
        consent.require(records, Purpose.GENERATION, services.now())
        whole = consent.whole_pictures(records, services.now())
        approved = [
            one
            for one in work.variations(session_id)
            if one.choice is Choice.APPROVED and (whole or not one.whole)
        ]
        delivered = {one.variation_id for one in work.deliveries(session_id)}
    names = _names(services, approved)
    for done, variation in enumerate(approved):
        progress.report(done, len(approved), f"Master {done + 1} of {len(approved)}")
        if variation.id not in delivered:
            _deliver_one(services, session, variation, names[variation.id])
    progress.report(len(approved), len(approved), "All masters are ready")


def acknowledge(services: Services, delivery_id: DeliveryId, path: str) -> Delivery:
    """The plug-in has the master in its catalog. Twice is fine."""
    with services.work() as work:
        delivery = work.delivery(delivery_id)
        if delivery.acknowledged_at is not None:
            return delivery
        session = work.session(delivery.session_id)
        if session.stage < Stage.APPROVED:
            msg = "This session is not approved yet, so there is nothing to acknowledge. Pull again later."
            raise Conflict(msg)
        known = replace(delivery, acknowledged_at=services.now(), laid_path=path or delivery.laid_path)
        work.save(known)
        work.save(session.reached(Stage.DELIVERED))
        work.commit(Delivered(delivery.session_id, delivery.id))
    services.board.publish(delivery.session_id, "delivery", {"delivery": delivery.id})
    return known


def _names(services: Services, approved: Sequence[Variation]) -> dict[str, str]:
    """`<stem>-studio-<context>-<n>.jpg`, n counting within stem and context."""
    counts: Counter[str] = Counter()
    names: dict[str, str] = {}
    with services.read() as work:
        for variation in approved:
            start = f"{work.shot(variation.brief.shot_id).stem}-studio-{variation.brief.context}"
            counts[start] += 1
            names[variation.id] = f"{start}-{counts[start]}.jpg"
    return names


def _deliver_one(services: Services, session: Session, variation: Variation, name: str) -> None:
    with services.read() as work:
        shot = work.shot(variation.brief.shot_id)
        place = place_of(work, variation.brief.context)
    labels = _labels(session, variation, place)
    stored = _signed(services, shot, variation, labels, name)
    laid = services.folder.lay_beside(shot.original.path, name, services.blobs.read(stored.sha256))
    original = shot.original
    capture = shot.capture
    parent = Parent(original.sha256, original.path, original.name, capture.serial, capture.captured_at)
    delivery = Delivery(
        DeliveryId(f"d-{variation.id}"),
        session.id,
        variation.id,
        shot.id,
        name,
        stored.sha256,
        stored.size,
        variation.width,
        variation.height,
        _source_type(variation),
        labels,
        parent,
        services.now(),
        laid,
    )
    with services.work() as work:
        work.save(delivery)
        work.commit(DeliveryReady(session.id, delivery.id))
    services.board.publish(session.id, "delivery", {"delivery": delivery.id})


def _signed(services: Services, shot: Shot, variation: Variation, labels: Labels, name: str) -> BlobRef:
    """Return the master. It is signed once: a run that died after that must not lay another beside it."""
    if variation.master:
        return BlobRef(variation.master, services.blobs.path(variation.master).stat().st_size)
    master = _master(services, shot, variation, labels)
    claim = _claim(shot, variation, name)
    with services.blobs.open(shot.original.sha256) as capture:
        stored = services.blobs.put_bytes(sign(master, "image/jpeg", claim, capture, services.signer))
    with services.work() as work:
        work.mark_ours(stored.sha256)  # before it lies in the watched folder: the agent must know it
        work.save(replace(work.variation(variation.id), master=stored.sha256))
        work.commit()
    return stored


def _claim(shot: Shot, variation: Variation, name: str) -> Claim:
    base = variation.base if variation.generated else ""
    original = shot.original
    return Claim(name, _source_type(variation), base, original.name, original.sha256, variation.created_at)


def _source_type(variation: Variation) -> SourceType:
    if variation.whole:
        return SourceType.GENERATED
    if variation.two_photographs:
        return SourceType.PHOTOGRAPHS
    return SourceType.COMPOSITE if variation.generated else SourceType.PLATE


def _labels(session: Session, variation: Variation, place: Context) -> Labels:
    composite = "AI composite" if variation.generated else "Composite"
    kind = "AI picture" if variation.whole else composite
    keywords = (f"Studio|{kind}", f"Studio|Context|{place.title.replace('|', '/')}")
    return Labels(RATING, LABEL, keywords, ("Studio", session.client_name, place.title))


def packet(services: Services, variation: Variation) -> bytes:
    """The XMP packet of a variation's layered TIFF: what a master says of itself, before it is approved."""
    with services.read() as work:
        session, shot = work.session(variation.session_id), work.shot(variation.brief.shot_id)
        place = place_of(work, variation.brief.context)
    marks = _marks(shot, variation, _labels(session, variation, place))
    return metadata.xmp(replace(marks, format="image/tiff"))


def _marks(shot: Shot, variation: Variation, labels: Labels) -> metadata.Marks:
    _, client, place = labels.collection
    return metadata.Marks(
        labels,
        _source_type(variation),
        variation.base,
        place,
        shot.capture,
        creator="",
        title=f"{client}: {place}",
    )


def _master(services: Services, shot: Shot, variation: Variation, labels: Labels) -> bytes:
    original = services.blobs.path(shot.original.sha256)
    marks = _marks(shot, variation, labels)
    picture = services.blobs.read(variation.picture)
    if variation.whole:  # no camera took it: it carries no exposure, no lens and no moment
        bare = metadata.bare_exif(variation.width, variation.height)
        return metadata.seal(picture, bare, metadata.xmp(replace(marks, capture=Capture())))
    carried = DECODER.carry_exif(original, variation.width, variation.height)
    return metadata.seal(picture, carried, metadata.xmp(marks))
