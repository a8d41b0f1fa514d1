"""What is signed into a picture, and what a signed picture says of itself."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from studio_server.domain.delivery import SourceType


@dataclass(frozen=True)
class Claim:
    """What the studio says of a picture: content credentials after C2PA 2.2, in the words of IPTC."""

    title: str
    source_type: SourceType
    base: str
    """The base that painted, as people know it; empty where nothing was generated."""
    capture_name: str
    """File name of the capture: an ingredient of a composite, what was learnt from for a whole picture."""
    capture_sha256: str
    made_at: datetime


@dataclass(frozen=True)
class Signer:
    """Who signs: a certificate that the studio made for itself, or one that it was given."""

    chain: str
    """PEM: the signing certificate first."""
    root: str
    """PEM: what those who trust this studio trust."""
    algorithm: str
    """In the words of C2PA: es256, es384, ps256, ed25519."""
    sign: Callable[[bytes], bytes]
    """ECDSA as DER."""


class Standing(StrEnum):
    OURS = "ours"
    ANOTHERS = "another's"
    CHANGED = "changed"
    UNSIGNED = "unsigned"


@dataclass(frozen=True)
class Finding:
    """What a picture's content credentials say, and whether they hold."""

    standing: Standing
    title: str = ""
    signed_by: str = ""
    made_with: str = ""
    """The program that made the claim."""
    base: str = ""
    source_type: str = ""
    """IPTC DigitalSourceType without its address."""
    captures: tuple[str, ...] = ()
    made_at: str = ""
    """ISO 8601, as the signer says; no third party has seen it."""

    @property
    def intact(self) -> bool:
        return self.standing in {Standing.OURS, Standing.ANOTHERS}

    @property
    def sentence(self) -> str:
        match self.standing:
            case Standing.OURS:
                return "This picture is signed by this studio, and not a byte of it was changed since."
            case Standing.ANOTHERS:
                return (
                    f"This picture is whole. {self.signed_by} signed it; this studio cannot vouch for them."
                )
            case Standing.CHANGED:
                return (
                    "This picture was changed after it was signed: what its content credentials say holds no "
                    "longer. Ask the studio for the picture as it was delivered."
                )
            case Standing.UNSIGNED:
                return (
                    "This picture carries no content credentials: it was never signed, or they were taken "
                    "off, as many programs and platforms do."
                )
