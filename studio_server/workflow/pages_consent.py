"""What the client's consent page shows: each purpose by itself, and what happens without it."""

from dataclasses import dataclass

from studio_server.domain.consent import NOTICE, Purpose
from studio_server.domain.session import SessionId
from studio_server.workflow.consenting import asked_of, notice
from studio_server.workflow.pages_client import Standing, standing
from studio_server.workflow.services import Services

WITHOUT: dict[Purpose, str] = {
    Purpose.PROOFING: "Without it nothing is shown here; your photographer shows you the pictures.",
    Purpose.FACES: "Without it no face is ever looked for, and nobody's likeness is measured.",
    Purpose.FITTING: "Without it nothing is fitted to you, and no finished composites can be made.",
    Purpose.GENERATION: "Without it you choose photographs only; no composite is made.",
    Purpose.SYNTHETIC: "Without it your face is always the photographed one. It needs the three above too.",
}
TITLES: dict[Purpose, str] = {
    Purpose.PROOFING: "See and choose my photographs",
    Purpose.FACES: "Find and measure my face",
    Purpose.FITTING: "Fit a model to my picks",
    Purpose.GENERATION: "Make composites of me",
    Purpose.SYNTHETIC: "Make whole pictures of me, face included",
}


@dataclass(frozen=True)
class PurposeRow:
    purpose: Purpose
    title: str
    words: str
    without: str
    agreed: bool


@dataclass(frozen=True)
class ConsentPage:
    standing: Standing
    rows: tuple[PurposeRow, ...]
    heading: str
    """The first line of the notice that is signed."""
    closing: str
    """Its last words, after the purposes."""


def consent_page(services: Services, session_id: SessionId) -> ConsentPage:
    here = standing(services, session_id)
    asked = asked_of(services, here.live)
    rows = (PurposeRow(p, TITLES[p], NOTICE[p], WITHOUT[p], p in here.live) for p in asked)
    heading, *_, closing = notice(here.session, asked).split("\n\n")
    return ConsentPage(here, tuple(rows), heading, closing)
