"""Is this picture as it was signed, and by whom?"""

from typing import IO

from studio_server.domain.provenance import Finding, Signer
from studio_server.imaging import provenance


def verify(ours: Signer | None, picture: IO[bytes], name: str) -> Finding:
    """Read its content credentials. `ours`: as whom this studio signs. Raises BadInput for no picture."""
    return provenance.read(picture, name, ours)
