"""What the plug-ins are shown: deliveries in the order in which they became ready, and their masters."""

from dataclasses import dataclass
from datetime import datetime

from studio_server.domain.consent import WHOLE_PICTURES, ConsentEvent, Purpose, allowed
from studio_server.domain.delivery import Delivery, DeliveryId
from studio_server.domain.errors import NotFound, StudioError
from studio_server.domain.ports import Reading
from studio_server.domain.variation import Context, Variation
from studio_server.workflow.places import place_of
from studio_server.workflow.services import Services


class Erased(StudioError):
    """It was here, and it is gone for good."""

    status = 410


@dataclass(frozen=True)
class DeliveryRow:
    delivery: Delivery
    variation: Variation
    context: Context
    consent_until: datetime


@dataclass(frozen=True)
class DeliveriesPage:
    rows: tuple[DeliveryRow, ...]
    cursor: str
    more: bool


def deliveries_page(services: Services, since: str, limit: int) -> DeliveriesPage:
    """The next deliveries of clients whose consent is alive; `more`: ask again from the cursor at once."""
    with services.read() as work:
        found, cursor = work.deliveries_since(since, limit)
        rows = tuple(row for one in found if (row := _delivery_row(services, work, one)))
    return DeliveriesPage(rows, cursor, len(found) == limit)


def master_of(services: Services, delivery_id: DeliveryId) -> Delivery:
    """A master that may be fetched. Raises NotFound; Erased where the client's consent has ended."""
    with services.read() as work:
        delivery = work.delivery(delivery_id)
        row = _delivery_row(services, work, delivery)
    if row is None or not _stored(services, delivery.sha256):
        raise Erased("This master was erased, or its client has withdrawn their consent. Skip it.")
    return delivery


def _delivery_row(services: Services, work: Reading, delivery: Delivery) -> DeliveryRow | None:
    records = work.consents(delivery.session_id)
    variation = work.variation(delivery.variation_id)
    needed = WHOLE_PICTURES if variation.whole else {Purpose.GENERATION}
    if not needed <= allowed(records, services.now()):
        return None
    until = max(r.until for r in records if r.event is ConsentEvent.GIVEN)
    return DeliveryRow(delivery, variation, place_of(work, variation.brief.context), until)


def _stored(services: Services, sha256: str) -> bool:
    try:
        services.blobs.path(sha256)
    except NotFound:
        return False
    return True
