"""The places that there are: the built-in contexts, and the studio's own photographs."""

from collections.abc import Mapping

from studio_server.domain.engines import PlateFile
from studio_server.domain.plate import OwnPlate, PlateId
from studio_server.domain.ports import Reading
from studio_server.domain.variation import CONTEXTS, OWN, Context, context
from studio_server.workflow.services import Services


def places(work: Reading) -> Mapping[str, Context]:
    """Every context that a picture may have been made in, by its id; what was taken off the shelf too."""
    own = {plate.id: plate.context() for plate in work.plates()}
    return {known.id: known for known in CONTEXTS} | own


def offered(work: Reading) -> tuple[Context, ...]:
    """What a session may choose from, in the order of the pages."""
    return (*CONTEXTS, *(plate.context() for plate in work.plates() if plate.offered))


def place_of(work: Reading, context_id: str) -> Context:
    """Never fails: a place of the studio's own that is unknown here has the name that its id tells."""
    return places(work).get(context_id) or context(context_id)


def still_there(work: Reading, chosen: tuple[str, ...]) -> tuple[str, ...]:
    """Those of a session's contexts in which a picture can still be made."""
    known = {place.id for place in offered(work)}
    return tuple(one for one in chosen if one in known)


def own_plate(work: Reading, context_id: str) -> OwnPlate | None:
    """The photograph that stands for this context; None: the context is built in. Raises NotFound."""
    return work.plate(PlateId(context_id)) if context_id.startswith(OWN) else None


def plate_file(services: Services, plate: OwnPlate | None) -> PlateFile | None:
    """Where its picture lies. Raises NotFound."""
    return PlateFile(services.blobs.path(plate.picture), plate) if plate else None
