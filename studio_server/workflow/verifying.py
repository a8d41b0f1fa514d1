"""Is this picture as it was signed, and by whom?"""

from typing import IO

from studio_server.domain.provenance import Finding
from studio_server.imaging import provenance
from studio_server.workflow.services import Services


def verify(services: Services, picture: IO[bytes], name: str) -> Finding:
    """Read its content credentials. Raises BadInput for a kind of file that carries none."""
    return provenance.read(picture, name, services.signer)
